"""What must be known to take a cluster down, kept in a file from before its first change on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tests.cluster.namespaces import Init

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What a cluster has on this machine."""

    number: int
    """The node's, which its cable and its cgroup are named after."""

    init: Init | None = None
    """The node's first process, with which all others end.

    Until it is kept here, it ends with the process that takes the cluster up.
    """

    def write(self, file: Path) -> None:
        """Keep it in a file, which is never there in part."""
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=2) + "\n")
        new.replace(file)


def read(file: Path) -> Record:
    """Return what was kept."""
    fields = json.loads(file.read_text())
    return Record(fields["number"], fields["init"] and Init(**fields["init"]))
