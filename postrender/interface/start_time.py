"""When the operating system started this process, which is before Python and its imports.

The clock of a command starts when the modules that it needs are there. For a command that takes a
second that is too late by half of it.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

_STAT = Path("/proc/self/stat")

_FIELD = 22
"""Which field of it is `starttime`, counted from 1: see proc_pid_stat(5)."""


def monotonic() -> float:
    """Return when this process was started, in seconds on the clock of `time.monotonic`.

    On Linux the kernel has the time, in ticks of 10 ms. Elsewhere Python has only one clock that
    starts with the process, that of its CPU time: the result is too late by the time that the
    process has waited for a processor and for the disk.
    """
    return time.monotonic() - _age()


def _age() -> float:
    ticks = _ticks()
    # A shell may have become this process by its `exec`, and the kernel has the start of the shell.
    # Such a shell has had children. This process has none before its first request.
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ticks is None or children.ru_minflt:
        return time.process_time()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _ticks() -> int | None:
    """Return the ticks from the boot to the start of this process; none where there is no /proc."""
    try:
        stat = _STAT.read_text(errors="replace")
    except OSError:
        return None
    # Field 2 is the name in parentheses, which may hold blanks and parentheses itself.
    return int(stat.rpartition(")")[2].split()[_FIELD - 3])
