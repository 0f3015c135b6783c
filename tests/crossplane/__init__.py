"""Tests of `postrender/crossplane`."""
