"""Tests of `postrender/commands`."""
