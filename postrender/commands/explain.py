"""`explain`: the file that a Crossplane version reads for a package, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import packages
from postrender.crossplane import references
from postrender.crossplane.target import Target
from postrender.errors import quoted
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report, Table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from postrender.crossplane.references import Reference

_UNKNOWN = "?????"
"""The placeholder for the digits of an unknown digest."""


@dataclass(frozen=True)
class Step:
    """A step of Crossplane from a reference to a file.

    Attributes:
        subject: The subject of the step, e.g. `digest`.
        answer: The result.
        reason: The reason.
    """

    subject: str
    answer: str
    reason: str


def run(
    *, reference: str, crossplane: str, path: Path | None = None, ignore: Sequence[str] = ()
) -> Report:
    """Return the file that Crossplane looks for in its cache, step by step.

    Args:
        reference: The `spec.package` of a package object.
        crossplane: The Crossplane version.
        path: The package on disk, for the digest, or None.
        ignore: For a package directory, patterns of files to leave out.

    Raises:
        DevcacheError: The version is not supported, the reference is invalid, or the package
            cannot be read.
    """
    target = Target.parse(crossplane, where="--crossplane")
    parsed = references.parse(reference, where="the reference")
    digest = parsed.digest or (packages.read(path, ignore=ignore).digest if path else "")
    is_admitted = target.admits(parsed)
    file = _file(parsed, digest, target) if is_admitted else ""
    steps = [_admission(target, is_admitted=is_admitted)]
    if is_admitted:
        by_version = _by_digest if target.uses_image_configs else _by_path
        steps += [*by_version(parsed, digest, target, file), *_names(parsed)]
    return Report(
        value={
            "crossplane": crossplane,
            "reference": reference,
            "admitted": is_admitted,
            "pullPolicy": target.layout.pull_policy,
            "digest": digest,
            "file": file,
            "steps": [
                {"about": step.subject, "answer": step.answer, "reason": step.reason}
                for step in steps
            ],
        },
        tables=(
            Table(
                f"Crossplane {target.version} and {quoted(reference)}",
                ("", "ANSWER", "REASON"),
                tuple((step.subject, step.answer, step.reason) for step in steps),
            ),
        ),
        refused=not is_admitted,
    )


def _file(reference: Reference, digest: str, target: Target) -> str:
    file = target.cache_file(reference, digest or f"sha256:{_UNKNOWN}")
    return file.replace("sha256.gz", f"sha256-{_UNKNOWN}.gz")


def _admission(target: Target, *, is_admitted: bool) -> Step:
    reason = "up to 1.20, spec.package can be any reference"
    if target.layout.qualified:
        reason = "2.0 and later require a registry with a dot, a path, and a tag or digest"
    return Step("admitted", "yes" if is_admitted else "no", reason)


def _by_path(reference: Reference, digest: str, target: Target, file: str) -> Iterator[Step]:
    yield Step(
        "packagePullPolicy",
        target.layout.pull_policy,
        "any other policy asks a registry; Never also applies to the pod of a Provider or Function",
    )
    yield Step(
        "file",
        file,
        "the path of spec.package, cut at the last dot of the last segment",
    )
    stem = reference.text.rpartition("/")[2]
    if reference.tag and "." in stem:
        shared = f"{reference.text.rpartition('.')[0]}.*"
        yield Step("same file for", shared, "the text after the last dot makes no difference")
    yield Step(
        "digest",
        digest or "not used",
        "Crossplane reads the file again when it starts, or when the revision changes",
    )
    yield Step(
        "missing file",
        "Healthy is False",
        "the message is `failed to get pre-cached package with pull policy Never`",
    )


def _by_digest(reference: Reference, digest: str, target: Target, file: str) -> Iterator[Step]:
    if reference.digest:
        yield Step("digest", digest, "the reference names it: Crossplane asks no registry")
    else:
        yield Step(
            "digest",
            digest or "unknown; name the package with --path",
            "Crossplane resolves the tag to this digest; the digest of a directory is that of its"
            " package.yaml",
        )
        yield Step(
            "ImageConfig",
            "needed",
            "it rewrites the reference to its source and digest; without it, Crossplane asks the"
            " registry for the tag, with any pull policy",
        )
    yield Step("packagePullPolicy", target.layout.pull_policy, "Always would ignore the cache")
    yield Step(
        "file",
        file,
        "50 characters of the source and 5 digits of the digest, as a DNS label",
    )
    yield Step(
        "missing file",
        "Crossplane asks the registry",
        "an error comes from the registry: no message mentions the missing file",
    )


def _names(reference: Reference) -> Iterator[Step]:
    yield Step("source", reference.source, "the dependsOn of other packages must name it")
    yield Step("version", reference.identifier, "the range of a dependsOn must admit it")
    yield Step(
        "name",
        references.resolver_name(reference.source),
        "Crossplane's resolver gives this name to a package that it installs as a dependency",
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "reference", metavar="REFERENCE", help="the spec.package of a package object"
    )
    arguments.crossplane(parser, "the Crossplane version, e.g. 1.20", required=True)
    description = "the package on disk, to compute its digest"
    parser.add_argument("--path", type=Path, metavar="PATH", help=description)
    arguments.ignore(parser)
    arguments.output(parser)


COMMAND = Command(
    help="show the file that Crossplane reads for a package, and why",
    example="explain xpkg.example.org/acme/platform:v0.1.0 --crossplane 2.4",
    arguments=_arguments,
    run=run,
)
