"""Telling a person what is being done, while it is done."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Is told what is being done, e.g. `reading platform`; what it does of it is the command line's."""
