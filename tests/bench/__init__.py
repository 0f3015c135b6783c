"""Measures our processes and those of peers: `make bench`."""
