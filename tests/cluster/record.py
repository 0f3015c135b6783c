"""What must be known to take a cluster down, kept in a file from before its first change on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from tests.cluster.namespaces import Process

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What a cluster changed on this machine."""

    settings: dict[str, str]
    """Kernel settings as they were."""

    folders: list[str]
    """Folders that were made."""

    first: Process | None = None
    """The node's first process, with which all others end."""

    def started(self, first: Process) -> Record:
        """Return the record with the node's first process in it."""
        return replace(self, first=first)

    def write(self, file: Path) -> None:
        """Keep it in a file."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


def read(file: Path) -> Record:
    """Return what was kept."""
    fields = json.loads(file.read_text())
    first = fields["first"] and Process(**fields["first"])
    return Record(fields["settings"], fields["folders"], first)
