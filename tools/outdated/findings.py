"""Compares the pins with the answers of their sources, and reports the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.interface.report import Report, Table
from tools.outdated import gomod, versions
from tools.outdated.pins import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tools.outdated.pins import Manual, Pin
    from tools.outdated.registries import Answer

_UNKNOWN = "not looked up"


class Line(NamedTuple):
    """A newer release line or major version of a program, which this project does not have.

    Attributes:
        module: The Go module of the program.
        newest: The newest line or major version in this project, such as `2.4` or `v4`.
        version: The newest release of the newer line or major version.
    """

    module: str
    newest: str
    version: str


def questions(pins: Iterable[Pin]) -> dict[Source, list[str]]:
    """Return the sources to query, each with the versions that this project has.

    The next major version of each program is also a source, without versions.
    """
    sources: dict[Source, list[str]] = {}
    for pin in pins:
        sources.setdefault(pin.source, []).append(pin.version)
    for module in _programs(pins):
        sources.setdefault(_next_major(module), [])
    return sources


def newest(pin: Pin, answers: Mapping[Source, Answer]) -> str:
    """Return the newest version in the line of a pin, or "" if its source did not answer."""
    answer = answers[pin.source]
    return "" if answer.trouble else versions.newest([pin.version, *answer.versions], pin.line)


def new_lines(pins: Iterable[Pin], answers: Mapping[Source, Answer]) -> Iterator[Line]:
    """Yield the lines that are newer than all folders of a program, and the new major versions.

    Args:
        pins: The pins.
        answers: The answer to each of `questions`.
    """
    for module, line in _programs(pins).items():
        for other, version in versions.by_line(answers[Source("go", module)].versions).items():
            if versions.is_newer(other, line):
                yield Line(module, line, version)
        major = _next_major(module)
        if version := versions.newest(answers[major].versions):
            yield Line(major.name, f"v{gomod.major_of(module)}", version)


def report(
    pins: Sequence[Pin],
    manual: Iterable[Manual],
    answers: Mapping[Source, Answer],
    *,
    everything: bool,
) -> Report:
    """Return a report on the pins.

    Args:
        pins: The pins.
        manual: The pins that a person must look up.
        answers: The answer to each of `questions`.
        everything: Whether to list the pins that are not outdated, too.
    """
    rows = [
        (pin.source.name, pin.version, newest(pin, answers) or _UNKNOWN, pin.file) for pin in pins
    ]
    outdated = [row for row in rows if versions.is_newer(row[2], row[1])]
    troubles = [
        (source.name, _where(source, pins), answer.trouble)
        for source, answer in answers.items()
        if answer.trouble
    ]
    probes = [(source.name, answer.probe) for source, answer in answers.items() if answer.probe]
    return Report(
        value=None,
        tables=(
            Table(
                "Pins" if everything else "Outdated",
                ("PIN", "HAS", "NEWEST", "WHERE"),
                tuple(rows if everything else outdated),
            ),
            Table("New lines", ("MODULE", "HAS", "NEW"), tuple(new_lines(pins, answers))),
            Table("Not looked up", ("PIN", "WHERE", "WHY"), tuple(troubles)),
            Table(
                "Looked up version by version; a release after a gap may be missing",
                ("PIN", "WHY"),
                tuple(probes),
            ),
            Table("Look these up yourself", ("PIN", "WHERE", "PAGE"), tuple(manual)),
        ),
        summary=f"{len(outdated)} of {len(pins)} pins are outdated",
    )


def _programs(pins: Iterable[Pin]) -> dict[str, str]:
    """Return the newest major version of each program, as a module, with its newest line or ""."""
    modules: dict[str, str] = {}
    lines: dict[str, str] = {}
    for pin in pins:
        if pin.is_program:
            path = pin.source.name
            base = gomod.base_of(path)
            modules[base] = max(path, modules.get(base, path), key=gomod.major_of)
            if pin.line and not versions.is_newer(lines.get(path, ""), pin.line):
                lines[path] = pin.line
    return {module: lines.get(module, "") for module in modules.values()}


def _next_major(module: str) -> Source:
    return Source("go", gomod.next_major(module))


def _where(source: Source, pins: Iterable[Pin]) -> str:
    """Return the files that pin a source."""
    files = dict.fromkeys(pin.file for pin in pins if pin.source == source)
    return ", ".join(files) or "the next major version"
