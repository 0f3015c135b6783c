"""`explain`: where a Crossplane version looks for a package, and why there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import packages
from postrender.cache import layouts, references
from postrender.errors import quoted
from postrender.reports import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.cache.layouts import Layout
    from postrender.cache.references import Reference

_UNKNOWN = "?????"
"""What stands for the digits of a digest that is not known."""


@dataclass(frozen=True)
class Step:
    """One thing that Crossplane does with a reference.

    Attributes:
        about: What it settles, e.g. `digest`.
        answer: What comes out.
        reason: Why.
    """

    about: str
    answer: str
    reason: str


def run(*, reference: str, crossplane: str, path: Path | None = None) -> Report:
    """Return where Crossplane will look for a package in its cache.

    Args:
        reference: The `spec.package` of a package object.
        crossplane: The Crossplane version.
        path: The package on disk, for its digest; or None.

    Raises:
        DevcacheError: The version is not supported, the reference does not parse, or the package
            cannot be read.
    """
    version = layouts.require_version(crossplane, where="--crossplane")
    layout = layouts.layout_of(version, where="--crossplane")
    parsed = references.parse(reference, where="the reference")
    digest = parsed.digest or (packages.read(path).digest if path else "")
    admitted = layout.admits(parsed)
    file = f"{layout.cache_root}/{_key(parsed, digest, layout)}" if admitted else ""
    steps = [_admission(layout, admitted=admitted)]
    if admitted:
        explained = _by_path if layout.keyed_by == "path" else _by_digest
        steps += [*explained(parsed, digest, layout, file), *_recorded(parsed)]
    return Report(
        value={
            "crossplane": crossplane,
            "reference": reference,
            "admitted": admitted,
            "pullPolicy": layout.pull_policy,
            "digest": digest,
            "file": file,
            "steps": [
                {"about": one.about, "answer": one.answer, "reason": one.reason} for one in steps
            ],
        },
        tables=(
            Table(
                f"Crossplane {version} and {quoted(reference)}",
                ("", "ANSWER", "BECAUSE"),
                tuple((one.about, one.answer, one.reason) for one in steps),
            ),
        ),
        refused=not admitted,
    )


def _key(reference: Reference, digest: str, layout: Layout) -> str:
    return layout.cache_key(reference, digest or f"sha256:{_UNKNOWN}").replace(
        "sha256.gz", f"sha256-{_UNKNOWN}.gz"
    )


def _admission(layout: Layout, *, admitted: bool) -> Step:
    reason = "up to 1.20 spec.package is any text that parses as a reference"
    if layout.qualified:
        reason = "2.0 and later want a registry with a dot, a path, and a tag or digest"
    return Step("admitted", "yes" if admitted else "no", reason)


def _by_path(reference: Reference, digest: str, layout: Layout, file: str) -> Iterator[Step]:
    yield Step(
        "packagePullPolicy",
        layout.pull_policy,
        "only this one asks no registry; it holds for the pod of a Provider or Function, too",
    )
    yield Step(
        "file",
        file,
        "the path that spec.package is: what is behind the last dot of its last part is cut off",
    )
    stem = reference.text.rpartition("/")[2]
    if reference.tag and "." in stem:
        shared = f"{reference.text.rpartition('.')[0]}.*"
        yield Step("the same file for", shared, "what was cut off makes no difference")
    yield Step(
        "digest",
        digest or "not asked for",
        "the file is read again when Crossplane starts, or when the revision changes",
    )
    yield Step(
        "a miss",
        "Healthy is False",
        "`failed to get pre-cached package with pull policy Never` names no file: it is the above",
    )


def _by_digest(reference: Reference, digest: str, layout: Layout, file: str) -> Iterator[Step]:
    if reference.digest:
        yield Step("digest", digest, "the reference names it: no registry is asked")
    else:
        yield Step(
            "digest",
            digest or "of the package; give it by --path",
            "a tag must become a digest first; for a directory that is of its package.yaml",
        )
        yield Step(
            "ImageConfig",
            "needed",
            "it rewrites the reference to its source and digest; a tag that stays one is asked of"
            " the registry, whatever the pull policy",
        )
    yield Step("packagePullPolicy", layout.pull_policy, "Always would not read the cache")
    yield Step(
        "file",
        file,
        "50 characters of the source and 5 digits of the digest, as a DNS label",
    )
    yield Step(
        "a miss",
        "the registry is asked",
        "nothing says that the file was missing: the error, if any, is the registry's",
    )


def _recorded(reference: Reference) -> Iterator[Step]:
    yield Step("source", reference.source, "what the dependsOn of other packages must name")
    yield Step("version", reference.identifier, "what the range of a dependsOn is compared with")
    yield Step(
        "name",
        references.resolver_name(reference.source),
        "what Crossplane's resolver calls it, if it installs it as a dependency",
    )
