"""The time at which the operating system started this process, before Python and its imports.

A clock that a command starts itself misses the imports, which take half the time of a command that
runs for a second.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

_STAT = Path("/proc/self/stat")

_FIELD = 22
"""The number of the field `starttime` in that file, counted from 1; see proc_pid_stat(5)."""


def monotonic() -> float:
    """Return the start of this process, in seconds on the clock of `time.monotonic`.

    On Linux the kernel records the start in ticks of 10 ms. Elsewhere the only clock that starts
    with the process counts its CPU time. The result is then too late by the time that the process
    waited for a processor or the disk.
    """
    return time.monotonic() - _age()


def _age() -> float:
    ticks = _ticks()
    # If a shell became this process by `exec`, the kernel reports the start of the shell. Such a
    # shell had child processes, but this process has none before its first request.
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ticks is None or children.ru_minflt:
        return time.process_time()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _ticks() -> int | None:
    """Return the ticks from the boot to the start of this process, or None without /proc."""
    try:
        stat = _STAT.read_text(errors="replace")
    except OSError:
        return None
    # Field 2 is the name in parentheses. The name may contain blanks and parentheses.
    return int(stat.rpartition(")")[2].split()[_FIELD - 3])
