"""Tests of the room `postrender/roundtrip`."""
