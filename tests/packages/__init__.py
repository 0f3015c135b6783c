"""Tests of the room `postrender/packages`."""
