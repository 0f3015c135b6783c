"""Tests of postrender/krm."""
