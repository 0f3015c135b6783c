"""Reports progress, and defines the error that ends a command."""

from __future__ import annotations

import sys


class ClusterError(Exception):
    """A problem that ends the command, with a message for a person."""


def say(message: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"cluster: {message}\n")
    sys.stderr.flush()
