"""Tests of the room `postrender/payload`."""
