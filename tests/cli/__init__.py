"""Tests of `postrender/cli`."""
