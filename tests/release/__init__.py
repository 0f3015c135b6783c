"""Tests of the room `postrender/release`."""
