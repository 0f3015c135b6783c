"""Tests of `postrender/manifests`."""
