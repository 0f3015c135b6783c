"""Stand-ins for kind, k3d, minikube and docker: they check arguments, and load into the node.

The arguments are those of kind 0.30 (pkg/cmd/kind/load/image-archive), k3d 5.8
(cmd/image/imageImport.go), minikube 1.37 (cmd/minikube/cmd/image.go) and docker 28 (docker image
load). A stand-in runs as a process of the user: this module as a script.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CLUSTER = "e2e"
"""The name of the only cluster that kind and k3d know."""

_PROGRAM = """\
#!/bin/sh
exec {python} {script} {name} {folder} "$@"
"""


@dataclass(frozen=True)
class ImagePrograms:
    """A folder with stand-ins.

    Attributes:
        folder: The folder.
        command: The command that imports an archive from stdin into the node.
    """

    folder: Path
    command: list[str]

    def add(self, name: str, path: Path | None = None) -> Path:
        """Write a stand-in, and return its path.

        Args:
            name: The name of the program, such as `kind`.
            path: Its path, by default its name in the folder.
        """
        path = path or self.folder / name
        (self.folder / "command").write_text("\n".join(self.command))
        path.write_text(
            _PROGRAM.format(
                python=sys.executable, script=Path(__file__), name=name, folder=self.folder
            )
        )
        path.chmod(0o755)
        return path

    def calls(self) -> list[str]:
        """Return the calls that loaded an archive: the words before the archive."""
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []


def _parser(name: str) -> argparse.ArgumentParser:
    """Return a parser of a program's documented arguments. It exits on any other argument."""
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    commands = parser.add_subparsers(required=True)
    match name:
        case "kind":
            load = commands.add_parser("load", allow_abbrev=False).add_subparsers(required=True)
            command = load.add_parser("image-archive", allow_abbrev=False)
            command.add_argument("archives", nargs="+")
            command.add_argument("-n", "--name", dest="clusters", action="append")
            command.add_argument("--nodes")
        case "k3d":
            image = commands.add_parser("image", allow_abbrev=False).add_subparsers(required=True)
            command = image.add_parser("import", aliases=["load"], allow_abbrev=False)
            command.add_argument("archives", nargs="+")
            command.add_argument("-c", "--cluster", dest="clusters", action="append")
            command.add_argument("-k", "--keep-tarball", action="store_true")
            command.add_argument("-t", "--keep-tools", action="store_true")
            command.add_argument("-m", "--mode", choices=["auto", "direct", "tools"])
        case "minikube":
            image = commands.add_parser("image", allow_abbrev=False).add_subparsers(required=True)
            command = image.add_parser("load", allow_abbrev=False)
            command.add_argument("archives", nargs="+")
            command.add_argument("-p", "--profile", dest="clusters", action="append")
            for flag in ("--daemon", "--overwrite", "--pull", "--remote"):
                command.add_argument(flag, action="store_true")
        case _:
            command = commands.add_parser("load", allow_abbrev=False)
            command.add_argument("-i", "--input", dest="archives", nargs=1, default=["-"])
            command.add_argument("-q", "--quiet", action="store_true")
            command.add_argument("--platform")
    command.set_defaults(command=command.prog)
    return parser


_DEFAULTS = {"kind": "kind", "k3d": "k3s-default", "minikube": "minikube", "docker": ""}
"""The cluster of a call without its option."""

_CLUSTERS = {"kind": CLUSTER, "k3d": CLUSTER, "minikube": "minikube", "docker": ""}
"""The only cluster of each program."""


def main(name: str, folder: Path, arguments: list[str]) -> int:
    """Run a stand-in, and return its exit status."""
    options = vars(_parser(name).parse_args(arguments))
    clusters: list[str] = options.get("clusters") or [_DEFAULTS[name]]
    if clusters != [_CLUSTERS[name]]:
        sys.stderr.write(f"ERROR: no nodes found for cluster {clusters}\n")
        return 1
    command = (folder / "command").read_text().splitlines()
    archives: list[str] = options["archives"]
    for archive in archives:
        with Path("/dev/stdin" if archive == "-" else archive).open("rb") as content:
            subprocess.run(command, stdin=content, check=True)
    with (folder / "log").open("a") as log:
        log.write(f"{options['command']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
