"""Tests real Crossplane releases on a real Kubernetes node, as a user runs them: `make e2e`."""
