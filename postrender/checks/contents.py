"""Checks the objects in packages: the values that Crossplane or the API server refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from postrender import result_cache
from postrender.checks import objects, schemas
from postrender.checks.findings import Finding, Severity
from postrender.errors import DevcacheError, quoted
from postrender.packages import documents, metadata
from postrender.packages.budget import Allowance, Budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from postrender.checks.schemas import Violation
    from postrender.crossplane.target import Target
    from postrender.packages.documents import Document
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

_NODES = 5_000_000
"""The most nodes that are read in all objects of a package. The largest provider has 3,000,000."""

_LARGE = 256 << 10
"""The size in bytes above which `check` reports only the first violation of an object."""

_FINDINGS_LIMIT = 20
"""The most findings on the objects of a package."""

_NONE: Mapping[str, int] = MappingProxyType({})


def findings(
    package: LocalPackage, target: Target, cache: ResultCache = result_cache.NO_CACHE
) -> Iterator[Finding]:
    """Yield an error for each field that makes Crossplane or the API server refuse an object.

    Args:
        package: The package.
        target: The Crossplane that it is for.
        cache: Results of earlier runs.
    """
    if package.package_yaml.size < result_cache.SMALLEST:
        return _findings(package, target)
    places = hashlib.sha256(repr(package.on_disk.members).encode(errors="surrogateescape"))
    key = ("objects", package.content, places.hexdigest(), package.name, str(target.version))
    stored = _load(cache.computed(lambda: _dump(_renewed(package, target, cache)), *key))
    return iter(_findings(package, target) if stored is None else stored)


def _renewed(package: LocalPackage, target: Target, cache: ResultCache) -> list[Finding]:
    """Return the findings, for which the objects that an earlier run accepted are not read."""
    path = repr(Path(package.declaration.path).absolute())
    key = ("accepted objects", path, str(target.version.line))
    earlier = _counts(cache.get(*key))
    accepted: dict[str, int] = {}
    results = list(_findings(package, target, earlier, accepted))
    cache.put(json.dumps(accepted).encode(), *key)
    return results


def _counts(dump: bytes | None) -> dict[str, int]:
    """Return the number of nodes of each accepted object by its digest, from a stored result."""
    try:
        counts = json.loads(dump or b"{}")
    except (ValueError, RecursionError):
        return {}
    is_valid = isinstance(counts, dict) and all(isinstance(n, int) for n in counts.values())
    return counts if is_valid else {}


def _dump(results: Iterable[Finding]) -> bytes:
    return json.dumps([astuple(finding) for finding in results]).encode()


def _load(dump: bytes) -> list[Finding] | None:
    """Return stored findings, or None if the content is something else."""
    try:
        results = [Finding(*fields) for fields in json.loads(dump)]
    except (ValueError, TypeError, RecursionError):
        return None
    is_valid = all(
        finding.severity in get_args(Severity)
        and all(isinstance(text, str) for text in (finding.where, finding.problem, finding.hint))
        for finding in results
    )
    return results if is_valid else None


def _findings(
    package: LocalPackage,
    target: Target,
    earlier: Mapping[str, int] = _NONE,
    accepted: dict[str, int] | None = None,
) -> Iterator[Finding]:
    """Yield the findings.

    Args:
        package: The package.
        target: The Crossplane that it is for.
        earlier: The number of nodes of each object that is not read, by its digest.
        accepted: Receives the objects without findings, as in `earlier`.
    """
    accepted = {} if accepted is None else accepted
    where = f"package {package.name}"
    nodes_left = Allowance(_NODES, "has more nodes than are read")
    count = 0
    for place, document in _documents(package, where):
        digest = hashlib.sha256(document.text).hexdigest()[:32]
        nodes_before, count_before = nodes_left.remainder, count
        try:
            if digest in earlier:
                nodes_left.spend(earlier[digest], place)
                accepted[digest] = earlier[digest]
                continue
            value = objects.read(document.text, nodes_left, where=place)
        except objects.UnsupportedError:
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
            if count > _FINDINGS_LIMIT:
                problem = (
                    f"more than {_FINDINGS_LIMIT} fields with invalid values:"
                    " the others are not listed"
                )
                yield Finding("note", where, problem)
                return
            yield _finding(violation, identity.kind, place)
        if count == count_before:
            accepted[digest] = nodes_before - nodes_left.remainder


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
