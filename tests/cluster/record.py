"""Stores the facts that are needed to stop a cluster, in a file written before the first change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tests.cluster.namespaces import Init

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """The resources of a cluster on this machine."""

    number: int
    """The number of the node, which the names of its cable and its cgroup contain."""

    init: Init | None = None
    """The first process of the node; all other processes end with it.

    Until the record has it, it ends with the process that starts the cluster.
    """

    def write(self, file: Path) -> None:
        """Write the record to a file, which appears complete or not at all."""
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=2) + "\n")
        new.replace(file)


def read(file: Path) -> Record:
    """Return the record in a file."""
    fields = json.loads(file.read_text())
    return Record(fields["number"], fields["init"] and Init(**fields["init"]))
