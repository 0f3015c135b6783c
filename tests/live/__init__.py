"""Tests of the room `postrender/live`."""
