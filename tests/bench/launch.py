"""Runs one program and prints its wall time in seconds, its peak memory in bytes, and its status.

Usage: `python -I -S launch.py STDIN STDOUT COMMAND...`. The kernel counts the memory of the parent
process until the program itself uses more, so this script uses little memory and imports almost
nothing.
"""

from __future__ import annotations

import os
import sys
import time

stdin, stdout, *command = sys.argv[1:]
files = [
    (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
]
start = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - start
sys.stdout.write(f"{seconds} {usage.ru_maxrss * 1024} {os.waitstatus_to_exitcode(status)}\n")
