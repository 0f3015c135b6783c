"""`python -m postrender`: the same command as `crossplane-devcache`."""

from __future__ import annotations

from postrender.cli.main import entry

if __name__ == "__main__":
    entry()
