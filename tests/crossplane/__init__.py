"""Tests of the room `postrender/crossplane`."""
