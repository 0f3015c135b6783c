"""Start and stop a cluster, and load images: `python -m tests.cluster up|down|load`.

`make cluster` and `make cluster-down` run it.
"""

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
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # su does not add these for root
    # A terminated start must clean up, as it does after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.command == "missing":
            sys.stdout.write(" ".join(programs.missing()) + "\n")
            return 0
        cluster_state = state.default()
        if arguments.command == "down":
            cluster.down(cluster_state)
            return 0
        if arguments.command == "load":
            cluster.load(cluster_state)
            return 0
        start = time.monotonic()
        new_cluster = cluster.up(cluster_state, arguments.kubernetes, arguments.crossplane)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    seconds = time.monotonic() - start
    say(f"ready after {seconds:.0f} s, with a registry at {cluster_state.registry}")
    say(f"kubectl: {new_cluster.kubectl}")
    sys.stdout.write(f"export KUBECONFIG={cluster_state.kubeconfig}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a cluster and print the path of its kubeconfig")
    up.add_argument("crossplane", nargs="*", help="versions whose images to import, like 2.4.2")
    up.add_argument("--kubernetes", default="1.34", help="the release line, such as 1.34")
    commands.add_parser("down", help="stop the cluster and remove its files")
    commands.add_parser("load", help="load an image archive from stdin into the node")
    commands.add_parser("missing", help="print the missing Debian packages")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
