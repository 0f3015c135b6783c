"""Crossplane's rules: references, constraints, and everything that depends on its version."""
