"""Tests of the room `postrender/declared`."""
