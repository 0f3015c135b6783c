"""Tests of `postrender/helm`."""
