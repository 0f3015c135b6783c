#!/usr/bin/env python3
"""Cut a version out of CHANGELOG.md: as release notes, or as the annotation of the chart.

Run in the root of the checkout: `tools/changelog.py notes 0.1.0`, or `annotation 0.1.0`.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import yaml

KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""Keep a Changelog's headings, which are Artifact Hub's kinds of changes (artifacthub/hub,
docs/chart_annotations.md)."""


class ChangelogError(Exception):
    """The changelog does not have what is asked for."""


def notes(changelog: str, version: str) -> str:
    """Return what the changelog says of a version, in Markdown, without the version's own heading.

    Args:
        changelog: The text of CHANGELOG.md, in the format of Keep a Changelog 1.1.0.
        version: What stands in the brackets of the heading: `0.1.0`, `Unreleased`.

    Raises:
        ChangelogError: There is no such version, or it has no changes.
    """
    heading = rf"^## \[{re.escape(version)}\].*\n((?:(?!## |\[[^]]+\]: ).*(?:\n|\Z))*)"
    found = re.search(heading, changelog, re.MULTILINE)
    if not found:
        message = f"CHANGELOG.md has no heading for [{version}]"
        raise ChangelogError(message)
    text = found[1].strip()
    if not text:
        message = f"CHANGELOG.md has no changes below [{version}]"
        raise ChangelogError(message)
    return text + "\n"


def changes(changelog: str, version: str) -> list[dict[str, str]]:
    """Return the changes of a version as Artifact Hub wants them: each a kind and a description.

    Args:
        changelog: As for `notes`.
        version: As for `notes`.

    Raises:
        ChangelogError: As for `notes`, or a change stands below none of `KINDS`.
    """
    found = []
    for part in re.split(r"^### ", notes(changelog, version), flags=re.MULTILINE):
        heading = part.partition("\n")[0]
        items = re.findall(r"^- (.*(?:\n(?!- ).+)*)", part, re.MULTILINE)
        kind = heading.strip().lower()
        if items and kind not in KINDS:
            message = f'CHANGELOG.md, [{version}]: "{heading}" is none of: {", ".join(KINDS)}'
            raise ChangelogError(message)
        found += [{"kind": kind, "description": _plain(item)} for item in items]
    return found


def _plain(item: str) -> str:
    """Return an item on one line and without links: Artifact Hub shows no Markdown."""
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", " ".join(item.split()))


def annotation(changelog: str, version: str) -> str:
    """Return the line of Chart.yaml's annotations that holds the changes of a version.

    Args:
        changelog: As for `notes`.
        version: As for `notes`; one that has no heading yet has the changes of `Unreleased`.

    Raises:
        ChangelogError: As for `changes`.
    """
    heading = version if f"\n## [{version}]" in changelog else "Unreleased"
    listed = yaml.safe_dump(changes(changelog, heading), sort_keys=False, width=100)
    return "  artifacthub.io/changes: |\n" + textwrap.indent(listed, "    ")


def main(arguments: list[str]) -> int:
    """Print what is asked for and return the exit status."""
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
