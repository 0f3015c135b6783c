"""Tests of `postrender/packages`."""
