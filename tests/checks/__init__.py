"""Tests of the room `postrender/checks`."""
