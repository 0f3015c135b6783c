"""Tests of `postrender/release`."""
