"""What the command line may say: one parser, with a few lines for each command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from postrender import __version__
from postrender.invocation import FILTER, NAME, WATCH, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from postrender.invocation import Options


class _Parser(argparse.ArgumentParser):
    """A parser that neither prints an error nor exits."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting: Helm 4 would not show what argparse prints."""
        explained = f"{message}\n{self.format_usage().strip()}"
        raise UsageError(explained)


OUTPUTS = ("table", "json")
"""How a report is printed."""

SHELLS = ("bash", "fish", "tcsh", "zsh")
"""The shells that can complete the command line."""

_DECLARED = ("check", "payload")
"""The commands that take values files or a DevCache document."""


def parse(argv: Sequence[str]) -> tuple[str, Options]:
    """Return the command and its options.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        UsageError: They are wrong.
    """
    options: Options = vars(parser().parse_args(argv))
    command = str(options.pop("command", None) or FILTER)
    problem = _problem(command, options)
    if problem:
        raise UsageError(problem)
    return command, options


def _problem(command: str, options: Options) -> str:
    """Return what is wrong, as far as argparse cannot see it, or ""."""
    if "config" in options and command not in {FILTER, "objects", *_DECLARED}:
        return f"{command} takes no --config"
    if command in _DECLARED and ("config" in options) == ("values_files" in options):
        return f"{command} needs either -f FILE or --config FILE"
    if command == "objects" and "config" not in options:
        return "objects needs --config FILE"
    if command == "objects" and ("release" in options) != ("namespace" in options):
        return "objects: --release and --namespace go together"
    return ""


def parser() -> argparse.ArgumentParser:
    """Return the parser. An option that is not given has no value: defaults are the command's."""
    absent = argparse.SUPPRESS
    root = _Parser(
        prog=NAME,
        description="Filter Helm's rendered manifests: bring local Crossplane packages along.",
        epilog="Without a command: read rendered manifests from stdin, write modified ones.",
        argument_default=absent,
    )
    root.add_argument("--version", action="version", version=__version__)
    root.add_argument("--config", type=Path, metavar="FILE", help="a DevCache document")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, description: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=description, description=description, argument_default=absent
        )

    check = command("check", "find what a render would refuse, and more, without Helm")
    _declaration(check)
    _crossplane(check, "default: what is declared, else that of our chart")
    check.add_argument(
        "--offline", action="store_true", help="refuse dependencies that are not local"
    )
    _output(check)

    inspect = command("inspect", "show what packages on disk are, and what a cache calls them")
    _paths(inspect, "an .xpkg file, a directory, a package.yaml, or its gzip from a cache")
    _crossplane(inspect, "only what this version calls them")
    inspect.add_argument("--package", metavar="REFERENCE", help="with this as their spec.package")
    _output(inspect)

    explain = command("explain", "tell where Crossplane looks for a package, and why")
    explain.add_argument("reference", metavar="REFERENCE", help="what spec.package says")
    _crossplane(explain, "e.g. 1.20", required=True)
    explain.add_argument("--path", type=Path, metavar="PATH", help="the package, for its digest")
    _output(explain)

    init = command("init", "print a commented values file for packages on disk")
    _paths(init, "an .xpkg file or a package directory")

    add = command("add", "add a package to a values file or a DevCache document")
    add.add_argument("path", type=Path, metavar="PATH", help="an .xpkg file or a package directory")
    add.add_argument(
        "-f", "--file", type=Path, required=True, metavar="FILE", help="the file to change"
    )
    add.add_argument("--name", help="the name of the package object")
    add.add_argument("--package", metavar="REFERENCE", help="what its spec.package says")
    add.add_argument("--runtime-image", metavar="IMAGE", help="what a Provider or Function runs")

    _live(command)

    crds = command("crds", "print bootstrap CRDs for an upstream chart")
    _crossplane(crds, "e.g. 1.20", required=True)

    objects = command("objects", "print the package objects, to apply them apart")
    _crossplane(objects, "e.g. 1.20", required=True)
    objects.add_argument(
        "--config", type=Path, metavar="FILE", help="a DevCache document (required)"
    )
    objects.add_argument("--release", metavar="NAME", help="the Helm release that may adopt them")
    objects.add_argument(*("-n", "--namespace"), metavar="NAME", help="that release's namespace")

    payload = command("payload", "print the ConfigMaps beside the release, to apply before it")
    _declaration(payload)
    payload.add_argument(*("-n", "--namespace"), metavar="NAME", help="the release's namespace")
    payload.add_argument(
        "--prune",
        action="store_true",
        help="print the names of those that nothing references any more; reads what kubectl lists",
    )

    command("plugin-dir", "print the folder of the Helm 4 plugin")

    completion = command("completion", "print a script that completes this command in a shell")
    completion.add_argument("shell", choices=SHELLS)
    return root


def _live(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the commands of live mode."""
    push = command("push", "bring packages into a release in live mode, and wait until they work")
    _optional_paths(push)
    _cluster(push)
    _timeout(push)
    _output(push)

    watch = command(WATCH, "push packages whenever they are saved, until Ctrl-C")
    _optional_paths(watch)
    _cluster(watch)
    _timeout(watch)

    unload = command("unload", "remove a package that a push has added")
    unload.add_argument("name", metavar="NAME", help="the name of the package object")
    _cluster(unload)
    _timeout(unload)

    status = command("status", "show what the pods have, and what Crossplane makes of it")
    _values(status)
    _cluster(status)
    _output(status)


def _paths(command: argparse.ArgumentParser, description: str) -> None:
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=description)


def _optional_paths(command: argparse.ArgumentParser) -> None:
    description = "an .xpkg file or a package directory; default: all that is declared"
    command.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=description)
    _values(command)


def _declaration(command: argparse.ArgumentParser) -> None:
    _values(command)
    command.add_argument("--config", type=Path, metavar="FILE", help="a DevCache document instead")


def _values(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        *("-f", "--values"),
        dest="values_files",
        action="append",
        type=Path,
        metavar="FILE",
        help="values of our chart",
    )


def _cluster(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        *("-n", "--namespace"),
        metavar="NAME",
        help="the namespace of the release (default: crossplane-system)",
    )
    command.add_argument("--context", metavar="NAME", help="the context of the kubeconfig")


def _timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="when to give up (default: 300)"
    )


def _crossplane(
    command: argparse.ArgumentParser, description: str, *, required: bool = False
) -> None:
    command.add_argument("--crossplane", required=required, metavar="VERSION", help=description)


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", choices=OUTPUTS, help="for people (table) or for programs (json)"
    )
