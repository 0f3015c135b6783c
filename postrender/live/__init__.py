"""Live mode: packages from disk into a running release, without Helm."""
