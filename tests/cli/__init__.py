"""Tests of the room `postrender/cli`."""
