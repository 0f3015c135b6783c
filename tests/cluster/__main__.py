"""`python -m tests.cluster up|down`, behind `make cluster` and `make cluster-down`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from tests.cluster import cluster, programs, state
from tests.cluster.trouble import ClusterError, say


def main() -> int:
    """Run a command and return its exit status."""
    arguments = _arguments()
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # which su does not give to root
    # So that all is taken down, as after Ctrl-C, when it is terminated.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.command == "missing":
            sys.stdout.write(" ".join(programs.missing()) + "\n")
            return 0
        at = state.default()
        if arguments.command == "down":
            cluster.down(at)
            return 0
        start = time.monotonic()
        running = cluster.up(at, arguments.kubernetes, arguments.crossplane)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    say(f"ready after {time.monotonic() - start:.0f} s, with a registry at {at.registry}")
    say(f"kubectl: {running.kubectl}")
    sys.stdout.write(f"export KUBECONFIG={at.kubeconfig}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="take a cluster up, and print where its kubeconfig is")
    up.add_argument("crossplane", nargs="*", help="versions whose images it gets, like 2.4.2")
    up.add_argument("--kubernetes", default="1.34", help="the release line, such as 1.34")
    commands.add_parser("down", help="take the cluster down and remove all that is left of it")
    commands.add_parser("missing", help="print the Debian packages that are not installed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
