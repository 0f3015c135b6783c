"""Starts a real single-node Kubernetes cluster in its own namespaces: `make cluster`."""
