"""Shared parts of the tests: packages, releases, a fake cluster, and programs to run."""
