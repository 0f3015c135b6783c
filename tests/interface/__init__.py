"""Tests of the room `postrender/interface`."""
