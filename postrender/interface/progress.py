"""Progress messages while a command runs."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Shows the current step, e.g. `reading platform`. The command line chooses the output."""
