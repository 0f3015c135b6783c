"""What `make bench` measures: whole processes, ours and a peer's, side by side in one run."""
