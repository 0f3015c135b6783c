"""Tests of the room `postrender/manifests`."""
