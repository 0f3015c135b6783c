"""Tests of `postrender/declared`."""
