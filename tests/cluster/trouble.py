"""What this cluster says: progress, and the one error that ends a command."""

from __future__ import annotations

import sys


class ClusterError(Exception):
    """Something a person must know, in a sentence; the command ends with it."""


def say(message: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"cluster: {message}\n")
    sys.stderr.flush()
