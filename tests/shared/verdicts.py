"""The verdicts of Crossplane's parser and the API server on objects: tests/data/verdicts.yaml."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import yaml

from tests.shared.package_files import META
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from tests.shared.programs import Plain


@dataclass(frozen=True)
class Verdict:
    """The verdict on an object.

    Attributes:
        reason: The reason.
        line: The line of Crossplane, e.g. `2.4`.
        verdict: The program that refuses the object, or `accepted`.
        object: The object.
        fields: The fields that `check` names.
        package: The kind of the package that holds the object.
        sent: The object that Crossplane sends to the API server, if it is another one.
    """

    reason: str
    line: str
    verdict: Literal["accepted", "parser", "API server"]
    object: dict[str, Plain]
    fields: tuple[str, ...] = ()
    package: str = "Configuration"
    sent: Plain = None

    @property
    def source(self) -> bytes:
        """The object as JSON, which every YAML parser reads alike."""
        return json.dumps(self.object).encode()

    @property
    def meta(self) -> bytes:
        """The meta object of a package that may hold the object."""
        return META.replace(b"Configuration", self.package.encode())


VERDICTS = [
    Verdict(**{**entry, "fields": tuple(entry.get("fields", ()))})
    for entry in yaml.safe_load((DATA / "verdicts.yaml").read_bytes())
]
