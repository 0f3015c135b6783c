"""Tests of `postrender/installation`."""
