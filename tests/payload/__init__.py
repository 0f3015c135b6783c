"""Tests of `postrender/payload`."""
