"""Prints postrender/schemas/objects.json: the schemas of the objects that a package may hold.

Run it in the root of the checkout: `python -m tools.schemas`.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from postrender.crossplane import kinds
from tests.shared import releases
from tools.schemas import metadata, sources, translation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.schemas.sources import Node, Schema

_META = "meta.pkg.crossplane.io/"

_OTHER_LINES = {"1.15": "1.15.3", "1.16": "1.16.0", "1.17": "1.17.1", "1.19": "1.19.0"}
"""The releases of the supported lines that no folder in tools builds."""

_KUBERNETES = (
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
)
"""The kinds of Kubernetes; it no longer serves apiextensions.k8s.io/v1beta1."""


def main() -> None:
    """Print the schemas of all kinds for all lines of Crossplane, each schema once.

    A kind has the index of its schema for each line of Crossplane that changes it.
    """
    lines = dict(sorted((_OTHER_LINES | releases.CROSSPLANE).items(), key=_line))
    version = next(iter(releases.KUBERNETES.values()))
    definitions = metadata.definitions(version)
    indexes: dict[str, int] = {}
    changes: dict[str, dict[str, int]] = {}
    for line, release in lines.items():
        for name, schema in _schemas(release, version, definitions):
            index = indexes.setdefault(_dump(schema), len(indexes))
            by_line = changes.setdefault(name, {})
            if index not in list(by_line.values())[-1:]:
                by_line[line] = index
    sys.stdout.write(f'{{"$defs":{{\n{_entries(definitions)}\n}},\n"kinds":{{\n{_entries(changes)}')
    sys.stdout.write('\n},\n"schemas":[\n' + ",\n".join(indexes) + "\n]}\n")


def _schemas(
    crossplane: str, kubernetes: str, definitions: dict[str, Schema]
) -> Iterator[tuple[str, Schema]]:
    """Yield the name and the schema of each kind that a package may hold.

    Args:
        crossplane: The release of Crossplane.
        kubernetes: The release of Kubernetes.
        definitions: Gains the schemas that other schemas reference.
    """
    packaged = {name for names in kinds.KINDS.values() for name in names}
    for name, upstream in sources.crossplane(crossplane):
        if name in packaged:
            schema = translation.of_crd(upstream)
            is_meta = name.startswith(_META)  # Crossplane decodes it, and creates no object
            schema = translation.types(schema) if is_meta else schema
            yield name, metadata.complete(schema, is_named=not is_meta)
    for name in _KUBERNETES:
        schema = translation.of_openapi(sources.kubernetes(kubernetes, name), name, definitions)
        is_named = "Webhook" not in name  # Crossplane gives webhook configurations their names
        yield name, metadata.complete(schema, is_named=is_named)


def _line(entry: tuple[str, str]) -> tuple[int, ...]:
    return releases.numbers(entry[0])


def _entries(values: Mapping[str, Schema] | Mapping[str, dict[str, int]]) -> str:
    return ",\n".join(f"{_dump(name)}:{_dump(values[name])}" for name in sorted(values))


def _dump(value: Node | dict[str, int]) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    main()
