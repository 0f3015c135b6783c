"""The programs that put an image archive into the nodes of a cluster, by the kubeconfig's context.

kind and k3d name their contexts after their clusters. minikube names the context after its profile,
and marks the cluster. Docker Desktop and programs like it share the images of `docker` with their
cluster.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError, one_line, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ARCHIVE = "ARCHIVE"
"""The word of a command that stands for the file with the archive."""

_PREFIXES = {
    "kind-": ("kind", "load", "image-archive", ARCHIVE, "--name"),
    "k3d-": ("k3d", "image", "import", ARCHIVE, "--cluster"),
}
"""The commands by the prefix of the context's name. The rest of the name is the last argument."""

_MINIKUBE = ("minikube", "image", "load", ARCHIVE, "--profile")
_DOCKER = ("docker", "load")

_CONTEXTS = {
    "minikube": (*_MINIKUBE, "minikube"),
    "docker-desktop": _DOCKER,
    "docker-for-desktop": _DOCKER,
    "orbstack": _DOCKER,
    "colima": _DOCKER,
    "rancher-desktop": _DOCKER,
}

_LAST_LINES = 3
"""The lines of a program's output that the error quotes."""


class Loader(NamedTuple):
    """A program that loads an image archive.

    Attributes:
        command: Its command line. `ARCHIVE` stands for the file; without it, the program reads
            stdin.
    """

    command: tuple[str, ...]

    @property
    def shell_command(self) -> str:
        """The command line for a shell, after a pipe or with a file `image.tar`."""
        words = ["image.tar" if word == ARCHIVE else word for word in self.command]
        return shlex.join(words)

    @property
    def reads_stdin(self) -> bool:
        """Whether it reads the archive from stdin."""
        return ARCHIVE not in self.command


def of_context(context: str, command: str, minikube_profile: str = "") -> Loader:
    """Return the loader for a context.

    Args:
        context: The name of the context of the kubeconfig.
        command: A command line of the user that reads an archive from stdin, or "".
        minikube_profile: The profile of minikube that runs the cluster, or "".

    Raises:
        DevcacheError: There is no command, and no program belongs to the name of the context; or
            the command is invalid.
    """
    if command:
        return Loader(_words(command))
    if minikube_profile:
        return Loader((*_MINIKUBE, minikube_profile))
    if context in _CONTEXTS:
        return Loader(_CONTEXTS[context])
    for prefix, words in _PREFIXES.items():
        if context.startswith(prefix):
            return Loader((*words, context.removeprefix(prefix)))
    problem = f"no known program loads images into the nodes of {quoted(context)}"
    hint = (
        "pass --loader with a command that reads the archive from stdin, e.g. "
        '--loader "ssh NODE sudo ctr -n k8s.io images import -"'
    )
    raise DevcacheError(problem, hint=hint)


def _words(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        problem = f"--loader is not a command line: {error}"
        raise DevcacheError(problem, hint="check its quotes") from error
    if not words:
        problem = "--loader is empty"
        raise DevcacheError(problem, hint="name a command that reads an archive from stdin")
    return words


def load(loader: Loader, archive: Iterable[bytes], *, archive_command: str) -> None:
    """Run a loader with an archive.

    Args:
        loader: The loader.
        archive: The archive in pieces, which do not stay in memory.
        archive_command: The command that writes the archive to stdout, for the error.

    Raises:
        DevcacheError: The program is not installed, or fails.
    """
    if shutil.which(loader.command[0]) is None:
        problem = f"{quoted(loader.command[0])} is not installed"
        separator = " | " if loader.reads_stdin else " >image.tar && "
        hint = f"where it is installed, run: {archive_command}{separator}{loader.shell_command}"
        raise DevcacheError(problem, hint=hint)
    if loader.reads_stdin:
        _run(loader.command, archive)
        return
    with _file(archive) as name:
        _run([name if word == ARCHIVE else word for word in loader.command], ())


@contextmanager
def _file(archive: Iterable[bytes]) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.writelines(archive)
        file.flush()
        yield file.name


def _run(command: Sequence[str], stdin: Iterable[bytes]) -> None:
    """Run a program, and fail with the last lines of its output if it fails."""
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(  # noqa: S603  # the user's own command, or one of this module
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        ) as popen,
    ):
        assert popen.stdin is not None  # noqa: S101  # because of PIPE
        try:
            with popen.stdin as pipe:
                for piece in stdin:
                    pipe.write(piece)
        except BrokenPipeError:
            pass  # the exit status and the output of the program give the reason
        status = popen.wait()
        output.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
    if status:
        last = " / ".join(lines[-_LAST_LINES:])
        problem = f"{quoted(command[0])} failed with status {status}: {one_line(last)}"
        raise DevcacheError(problem, hint="correct the cause, and run the same command again")
