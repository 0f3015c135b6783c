"""Tests of `postrender/interface`."""
