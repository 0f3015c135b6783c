"""All checks of a declaration: the refusals of the filter, and further findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import placement
from postrender.checks import dependencies, findings, images, sizes
from postrender.crossplane.target import Target
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import chart, conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.checks.dependencies import Resolution
    from postrender.checks.findings import Finding, Severity
    from postrender.checks.sizes import Size
    from postrender.declared.values import Upstream
    from postrender.fields import Fields
    from postrender.interface.progress import Tell
    from postrender.placement import LocalPackage


@dataclass(frozen=True)
class Outcome:
    """The outcome of all checks.

    Attributes:
        target: The target of the checks.
        packages: The packages that could be read.
        resolutions: The resolutions of their dependencies.
        sizes: Their sizes, with the limits.
        findings: The findings, errors first.
    """

    target: Target
    packages: tuple[LocalPackage, ...]
    resolutions: tuple[Resolution, ...]
    sizes: tuple[Size, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def check(
    spec: Fields, upstream: Upstream, *, crossplane: str, offline: bool, tell: Tell
) -> Outcome:
    """Return the outcome of all checks. Relative paths start from the working directory.

    Args:
        spec: The `spec` of a DevCache document, or the `devcache` values of our chart.
        upstream: The values of the upstream chart.
        crossplane: The Crossplane version, or "" for the declared version, else our chart's.
        offline: Whether each dependency must be local, regardless of the declaration.
        tell: Shows the current step.

    Raises:
        DevcacheError: The version is invalid, or not supported.
    """
    refusals: list[DevcacheError] = []
    declared = devcache.read(spec, refuse=refusals.append)
    version, origin = _version(crossplane, declared.crossplane_version, upstream)
    target = Target.parse(version, where=origin)

    packages: list[LocalPackage] = []
    for declaration in declared.packages:
        tell(f"reading {declaration.name}")
        try:
            packages.append(placement.local_package(declaration, target, Path()))
        except DevcacheError as error:
            refusals.append(error)
    offline = offline or declared.offline
    refusals += _refusals(packages, upstream, target, offline=offline)
    tell("packing the packages")
    measurements = sizes.measure(packages, declared, upstream, target)
    refusals += sizes.refusals(measurements)

    results = [findings.from_refusal(error) for error in refusals]
    resolutions = dependencies.resolve(packages, target)
    results += _findings(packages, resolutions, target)
    return Outcome(
        target=target,
        packages=tuple(packages),
        resolutions=tuple(resolutions),
        sizes=tuple(measurements),
        findings=findings.by_severity(results),
    )


def _version(option: str, declared: str, upstream: Upstream) -> tuple[str, str]:
    """Return the Crossplane version, and the place that names it."""
    if option:
        return option, "--crossplane"
    if declared:
        return declared, "crossplaneVersion"
    if upstream.version:
        return upstream.version, "crossplane.image.tag"
    return chart.CROSSPLANE, "the chart"


def _refusals(
    packages: Sequence[LocalPackage], upstream: Upstream, target: Target, *, offline: bool
) -> Iterator[DevcacheError]:
    for package in packages:
        yield from placement.refusals(package, target)
    yield from placement.exclusions(packages, offline=offline)
    yield from conflicts.same_source(packages, conflicts.installed_sources(upstream.packages, ()))
    if upstream.config_map:
        problem = "the package cache is a ConfigMap, which is read-only"
        hint = "unset it: Crossplane could not pull any other package"
        yield DevcacheError(problem, where="crossplane.packageCache.configMap", hint=hint)


def _findings(
    packages: Sequence[LocalPackage], resolutions: Sequence[Resolution], target: Target
) -> Iterator[Finding]:
    yield from dependencies.findings(packages, resolutions, target)
    for package in packages:
        yield from dependencies.crossplane_findings(package, target)
        yield from images.findings(package, target)
