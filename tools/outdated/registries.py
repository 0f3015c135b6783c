"""Queries registries for versions, with their usual clients: go, pip and git."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from tools.outdated import gomod, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tools.outdated.pins import Source

    Run = Callable[[list[str]], "Output"]

_AT_ONCE = 8
"""The number of parallel queries."""

_TIMEOUT = 300
"""The timeout of a command in seconds."""

_PIP = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]
_PIP += ["--retries", "1", "--timeout", "10"]
"""The pip of `make venv`, which selects versions for its Python."""

_REFUSAL = re.compile(r"403 Forbidden|404 Not Found|410 Gone|unknown revision")
"""The errors of go for a list or version that the registry does not serve."""


class Output(NamedTuple):
    """The output of a command.

    Attributes:
        stdout: The standard output.
        trouble: The reason of the failure in one line, or "".
    """

    stdout: str
    trouble: str = ""


class Answer(NamedTuple):
    """The answer of a registry.

    Attributes:
        versions: The versions that the registry serves.
        trouble: The reason why there is no answer, or "".
        probe: The reason why versions were looked up one by one, or "".
    """

    versions: frozenset[str] = frozenset()
    trouble: str = ""
    probe: str = ""


class _TroubleError(Exception):
    """A registry does not answer; the message has the reason."""


def ask(questions: Mapping[Source, Collection[str]], run: Run) -> dict[Source, Answer]:
    """Return the answer to each question.

    Args:
        questions: The sources, each with the versions that this project has. A source without
            versions is a major version that may not exist.
        run: Runs a command; see `output_of`.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        environment: dict[str, Answer] = {}
        for part in pool.map(lambda state: _environment(state, run), ("outdated", "uptodate")):
            environment |= part
        answers = pool.map(
            lambda source: _answer(source, questions[source], environment, run), questions
        )
        return dict(zip(questions, answers, strict=True))


def output_of(command: list[str]) -> Output:
    """Run a command outside any Go module and without prompts, and return its output."""
    try:
        run = subprocess.run(  # noqa: S603  # the commands of this module, with names of our pins
            command,
            cwd=tempfile.gettempdir(),
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        return Output("", f"{command[0]} is not on the PATH")
    except subprocess.TimeoutExpired:
        return Output("", f"no answer within {_TIMEOUT} seconds")
    if run.returncode != 0:
        return Output("", _reason(run.stderr) or f"exit status {run.returncode}")
    return Output(run.stdout)


def _reason(stderr: str) -> str:
    """Return the reason in an error as one line, without the address before it."""
    reason = re.sub(r""".*https?://[^\s'"]+['"]?:? *""", "", stderr, flags=re.DOTALL)
    return " ".join(reason.split())


def _answer(
    source: Source, pins: Collection[str], environment: Mapping[str, Answer], run: Run
) -> Answer:
    """Return the answer to a question; see `ask` and `_environment`."""
    try:
        match source.registry:
            case "go":
                return _module(source.name, pins, run)
            case "pypi":
                name = canonicalize_name(source.name)
                return environment.get(name) or _package(source.name, run)
            case "github":
                return _repository(source.name, run)
    except _TroubleError as error:
        return Answer(trouble=str(error))


def _module(path: str, pins: Collection[str], run: Run) -> Answer:
    """Return the versions of a Go module.

    Some registries serve versions that they do not list.
    """
    output = run(["go", "list", "-m", "-versions", "-f", '{{join .Versions "\\n"}}', path])
    available = set(output.stdout.split())
    if refusal := _REFUSAL.search(output.trouble):
        reason = f"no list of versions: {refusal[0]}"
    elif output.trouble:
        raise _TroubleError(output.trouble)
    elif any(versions.has_gap(available, pin) for pin in pins):
        reason = "the list of versions has gaps"
    else:
        return Answer(frozenset(available))
    if not pins:
        available.update(_lookup(path, versions.first(gomod.major_of(path)), run))
    probe = versions.probe(available, pins, lambda candidates: _lookup(path, candidates, run))
    return Answer(frozenset(probe), probe=reason)


def _lookup(path: str, candidates: list[str], run: Run) -> list[str]:
    """Return the versions of a Go module that the registry serves and go can verify."""
    # Some registries serve versions that the checksum database lacks; go has no go.mod for them.
    line = '{{if .GoMod}}{{.Version}}{{end}} {{with .Error}}{{printf "%q" .Err}}{{end}}'
    queries = [f"{path}@{version}" for version in candidates]
    output = run(["go", "list", "-m", "-e", "-f", line, *queries])
    if output.trouble:
        raise _TroubleError(output.trouble)
    answers = [answer.partition(" ") for answer in output.stdout.splitlines()]
    for _, _, error in answers:
        if error and not _REFUSAL.search(error):
            raise _TroubleError(_reason(error.strip('"').replace(r"\n\t", " ")))
    return [version for version, _, _ in answers if version]


def _environment(state: str, run: Run) -> dict[str, Answer]:
    """Return the newest version of each installed package, by normalized name.

    One query for all packages takes pip a tenth of the time of single queries. It omits packages
    that it cannot look up.

    Args:
        state: The state of the packages to query: `outdated` or `uptodate`.
        run: Runs a command.
    """
    output = run([*_PIP, "list", f"--{state}", "--exclude-editable", "--format", "json"])
    return {
        canonicalize_name(package["name"]): Answer(
            frozenset([package.get("latest_version", package["version"])])
        )
        for package in json.loads(output.stdout or "[]")
    }


def _package(name: str, run: Run) -> Answer:
    """Return the versions of a Python package that this Python can install."""
    output = run([*_PIP, "index", "versions", "--json", name])
    if output.trouble:
        raise _TroubleError(output.trouble)
    return Answer(frozenset(json.loads(output.stdout)["versions"]))


def _repository(name: str, run: Run) -> Answer:
    """Return the tags of a repository that name a complete version: `v4.1.0`, but not `v4`."""
    output = run(["git", "ls-remote", "--tags", "--refs", f"https://github.com/{name}"])
    if output.trouble:
        raise _TroubleError(output.trouble)
    tag = r"\trefs/tags/(v?[0-9]+\.[0-9]+\.[0-9]+)$"
    return Answer(frozenset(re.findall(tag, output.stdout, re.MULTILINE)))
