"""Finds helm, and runs it with this program as its post-renderer."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError, quoted
from postrender.interface.command import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.interface.progress import Tell

_PACKAGE = Path(__file__).parents[1]

PLUGINS = _PACKAGE / "plugin" / PROGRAM
"""The folder of the Helm 4 plugin; also a folder for HELM_PLUGINS."""

_WRAPPER = """\
#!/bin/sh
exec {python} -P -c 'import sys; sys.path.append(sys.argv.pop(1)); \
from postrender.cli.main import entry; entry()' {root} "$@"
"""
"""The command of the post-renderer: this program, with this Python, from any working directory."""


class Helm(NamedTuple):
    """The program helm, for one namespace of one cluster.

    Attributes:
        path: Its path.
        version: Its version, e.g. `3.22.0`.
        target: The options for the namespace and the context.
        environment: The environment of its runs.
    """

    path: str
    version: str
    target: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def major(self) -> int:
        """Its major version."""
        return int(self.version.partition(".")[0])


class HelmError(DevcacheError):
    """A run of helm that failed.

    Attributes:
        output: The text that helm wrote to stderr.
    """

    def __init__(self, arguments: Sequence[str], status: int, output: str) -> None:
        """Create the error of a run."""
        line = next(filter(None, map(str.strip, reversed(output.splitlines()))), "")
        problem = f"helm {arguments[0]} ended with status {status}: {line.removeprefix('Error: ')}"
        hint = "correct the problem that helm reports, and run the same command again"
        super().__init__(problem, hint=hint)
        self.output = output


def find(context: str, namespace: str, workspace: Path) -> Helm:
    """Return the helm on the PATH.

    Args:
        context: The context of the kubeconfig, or "" for the current one.
        namespace: The namespace of the release.
        workspace: A temporary folder, in which Helm finds the post-renderer.

    Raises:
        DevcacheError: There is no helm, or its version is not supported.
    """
    path = shutil.which("helm")
    if path is None:
        problem = "there is no program helm on the PATH"
        raise DevcacheError(problem, hint="install Helm 3 or 4: https://helm.sh/docs/intro/install")
    answer = _output([path, "version", "--template={{.Version}}"], os.environ)
    version = re.search(r"v([34])(\.\d+)+", answer)
    if version is None:
        problem = f"is neither Helm 3 nor Helm 4: its version is {quoted(answer.strip())}"
        raise DevcacheError(problem, where=path)
    options = ("--namespace", namespace, *(("--kube-context", context) if context else ()))
    wrapper = workspace / PROGRAM
    wrapper.write_text(
        _WRAPPER.format(python=shlex.quote(sys.executable), root=shlex.quote(str(_PACKAGE.parent)))
    )
    wrapper.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(workspace), os.environ.get("PATH", os.defpath))),
    }
    if version[1] == "4":  # Helm 3 cannot read the plugin, and would load no plugin at all
        folders = _output([path, "env", "HELM_PLUGINS"], os.environ).strip()
        environment["HELM_PLUGINS"] = os.pathsep.join(filter(None, (str(PLUGINS), folders)))
    return Helm(path, version[0].removeprefix("v"), options, environment)


def command(arguments: Sequence[str | Path]) -> str:
    """Return a run of helm as a line of a shell."""
    return shlex.join(["helm", *map(str, arguments)])


def read(helm: Helm, *arguments: str) -> str:
    """Return the output of a run that changes nothing.

    Raises:
        HelmError: Helm fails.
    """
    run = subprocess.run(  # noqa: S603  # the helm of the user
        [helm.path, *arguments],
        env=helm.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if run.returncode:
        raise HelmError(arguments, run.returncode, run.stderr)
    return run.stdout


def run(helm: Helm, arguments: Sequence[str], tell: Tell) -> None:
    """Run helm, and show the lines that it writes to stderr.

    An interrupt interrupts helm as well, and helm first records the state of the release.

    Raises:
        HelmError: Helm fails.
    """
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603  # the helm of the user
        [helm.path, *arguments],
        env=helm.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as popen:
        try:
            for line in popen.stderr or ():
                lines.append(line)
                tell(f"helm: {line.rstrip()}")
            popen.wait()
        except KeyboardInterrupt:
            popen.send_signal(signal.SIGINT)
            popen.communicate()
            raise
    if popen.returncode:
        raise HelmError(arguments, popen.returncode, "".join(lines))


def _output(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the output of helm, or "" if it fails."""
    try:
        run = subprocess.run(  # noqa: S603  # the helm of the user
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        problem = f"cannot be run: {error.strerror}"
        raise DevcacheError(problem, where=arguments[0]) from error
    return run.stdout if run.returncode == 0 else ""
