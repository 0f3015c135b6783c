"""Real Crossplane releases on a real Kubernetes node, used as a user would: `make e2e`."""
