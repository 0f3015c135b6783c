"""Measures whole processes, ours and those of peers, side by side: `make bench`."""
