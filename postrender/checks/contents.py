"""Checks the objects in packages: the values that Crossplane or the API server refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.checks import objects, schemas
from postrender.checks.findings import Finding
from postrender.errors import DevcacheError, quoted
from postrender.packages import documents, metadata
from postrender.packages.budget import Allowance, Budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.checks.schemas import Violation
    from postrender.crossplane.target import Target
    from postrender.packages.documents import Document
    from postrender.placement import LocalPackage

_NODES = 5_000_000
"""The nodes of all objects of a package that are read. The largest provider has 3,000,000."""

_LARGE = 256 << 10
"""The size in bytes from which only the first violation of an object is searched for."""

_MOST = 20
"""The findings on the objects of one package."""


def findings(package: LocalPackage, target: Target) -> Iterator[Finding]:
    """Yield an error for each field that makes Crossplane or the API server refuse an object."""
    where = f"package {package.name}"
    nodes_left = Allowance(_NODES, "has more nodes than are read")
    count = 0
    for place, document in _documents(package, where):
        try:
            value = objects.read(document.text, nodes_left, where=place)
        except objects.UnreadError:
            continue
        except DevcacheError as error:
            if not nodes_left.admits(1):
                problem = f"more than {_NODES} nodes: the other objects are not validated"
                yield Finding("note", where, problem)
                return
            yield Finding("error", place, error.problem)
            continue
        identity = document.identity
        line, is_large = target.version.line, len(document.text) > _LARGE
        for violation in schemas.violations(
            identity.api_version, identity.kind, line, value, only_first=is_large
        ):
            count += 1
            if count > _MOST:
                problem = f"more than {_MOST} fields with invalid values: the others are not listed"
                yield Finding("note", where, problem)
                return
            yield _finding(violation, identity.kind, place)


def _documents(package: LocalPackage, where: str) -> Iterator[tuple[str, Document]]:
    """Yield the documents of a package, each with its place."""
    members = iter(package.on_disk.members)
    stream = package.package_yaml.content
    for document in documents.split(stream, Budget(), where=where, thorough=False):
        if metadata.is_meta(document.identity):
            yield f"{where}, {document.identity.kind}", document
        else:
            member = next(members)
            yield f"{where}, file {quoted(member.file)}, document {member.document}", document


def _finding(violation: Violation, kind: str, place: str) -> Finding:
    where = ", ".join(filter(None, (place, violation.field)))
    consequence = f"the API server refuses the {kind}"
    if violation.judge == "parser":
        consequence = "Crossplane cannot parse the package"
    return Finding("error", where, f"{violation.problem}: {consequence}", violation.hint)
