"""Tests of `postrender/checks`."""
