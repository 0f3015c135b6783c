"""Crossplane's side: which version looks where for which package."""
