#!/usr/bin/env python3
"""Extract a version from CHANGELOG.md, as release notes or as the annotation of the chart.

Run it in the root of the checkout: `tools/changelog.py notes 0.1.0`, or `annotation 0.1.0`.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import yaml

KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""The headings of Keep a Changelog, which are also the kinds of changes of Artifact Hub
(artifacthub/hub, docs/chart_annotations.md)."""


class ChangelogError(Exception):
    """The changelog lacks the requested version or is malformed."""


def notes(changelog: str, version: str) -> str:
    """Return the changes of a version as Markdown, without the heading of the version.

    Args:
        changelog: The text of CHANGELOG.md, in the format of Keep a Changelog 1.1.0.
        version: The text in the brackets of the heading: `0.1.0` or `Unreleased`.

    Raises:
        ChangelogError: The changelog has no such version, or the version has no changes.
    """
    heading = rf"^## \[{re.escape(version)}\].*\n((?:(?!## |\[[^]]+\]: ).*(?:\n|\Z))*)"
    match = re.search(heading, changelog, re.MULTILINE)
    if not match:
        message = f"CHANGELOG.md has no heading for [{version}]"
        raise ChangelogError(message)
    text = match[1].strip()
    if not text:
        message = f"CHANGELOG.md has no changes below [{version}]"
        raise ChangelogError(message)
    return text + "\n"


def changes(changelog: str, version: str) -> list[dict[str, str]]:
    """Return the changes of a version in the format of Artifact Hub: a kind and a description each.

    Args:
        changelog: As for `notes`.
        version: As for `notes`.

    Raises:
        ChangelogError: As for `notes`, or a change is not below one of `KINDS`.
    """
    entries = []
    for part in re.split(r"^### ", notes(changelog, version), flags=re.MULTILINE):
        heading = part.partition("\n")[0]
        items = re.findall(r"^- (.*(?:\n(?!- ).+)*)", part, re.MULTILINE)
        kind = heading.strip().lower()
        if items and kind not in KINDS:
            message = f'CHANGELOG.md, [{version}]: "{heading}" is none of: {", ".join(KINDS)}'
            raise ChangelogError(message)
        entries += [{"kind": kind, "description": _plain(item)} for item in items]
    return entries


def _plain(item: str) -> str:
    """Return an item on one line and without links: Artifact Hub shows no Markdown."""
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", " ".join(item.split()))


def annotation(changelog: str, version: str) -> str:
    """Return the annotation of Chart.yaml with the changes of a version.

    Args:
        changelog: As for `notes`.
        version: As for `notes`; a version without a heading has the changes of `Unreleased`.

    Raises:
        ChangelogError: As for `changes`.
    """
    heading = version if f"\n## [{version}]" in changelog else "Unreleased"
    text = yaml.safe_dump(changes(changelog, heading), sort_keys=False, width=100)
    return "  artifacthub.io/changes: |\n" + textwrap.indent(text, "    ")


def main(arguments: list[str]) -> int:
    """Print the notes or the annotation, and return the exit status."""
    match arguments:
        case ["notes", version]:
            write = notes
        case ["annotation", version]:
            write = annotation
        case _:
            sys.stderr.write("usage: tools/changelog.py {notes,annotation} VERSION\n")
            return 2
    try:
        sys.stdout.write(write(Path("CHANGELOG.md").read_text(encoding="utf-8"), version))
    except ChangelogError as error:
        sys.stderr.write(f"tools: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
