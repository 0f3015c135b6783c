"""All checks of a declaration: the refusals of the filter, and further findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import placement, requirements, result_cache
from postrender.checks import dependencies, findings, images, ownership, sizes
from postrender.checks.findings import Finding
from postrender.checks.inputs import read
from postrender.errors import DevcacheError
from postrender.release import conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.checks.dependencies import Resolution
    from postrender.checks.findings import Severity
    from postrender.checks.inputs import Inputs
    from postrender.checks.sizes import Size
    from postrender.crossplane.target import Target
    from postrender.declared.values import Upstream
    from postrender.fields import Fields
    from postrender.interface.progress import Tell
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache


@dataclass(frozen=True)
class Outcome:
    """The outcome of all checks.

    Attributes:
        inputs: The inputs of the checks.
        resolutions: The settled resolutions of the dependencies of the packages.
        sizes: The sizes of the packages, with the limits.
        findings: The findings, errors first.
        on_dependencies: The findings about dependencies between packages.
    """

    inputs: Inputs
    resolutions: tuple[Resolution, ...]
    sizes: tuple[Size, ...]
    findings: tuple[Finding, ...]
    on_dependencies: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def check(  # noqa: PLR0913  # the options of the command line, and what all commands share
    spec: Fields,
    upstream: Upstream,
    *,
    crossplane: str,
    offline: bool,
    tell: Tell,
    cache: ResultCache = result_cache.NO_CACHE,
) -> Outcome:
    """Return the outcome of all checks. Relative paths start from the working directory.

    Args:
        spec: The `spec` of a DevCache document, or the `devcache` values of our chart.
        upstream: The values of the upstream chart.
        crossplane: The Crossplane version, or "" for the declared version, else our chart's.
        offline: Whether each dependency must be local, regardless of the declaration.
        tell: Shows the current step.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: Nothing is declared, or the version is invalid or not supported.
    """
    errors: list[DevcacheError] = []
    inputs = read(
        spec, upstream, crossplane=crossplane, tell=tell, refuse=errors.append, cache=cache
    )
    packages, target = inputs.packages, inputs.target
    offline = offline or inputs.declared.offline
    errors += refusals(inputs, upstream, offline=offline)
    if not (errors or packages):
        problem = "declares no packages"
        hint = f"declare them in {spec.path.removeprefix('values.')}.packages; `init` proposes them"
        raise DevcacheError(problem, where=spec.where, hint=hint)
    tell("packing the packages")
    measurements = sizes.measure(packages, inputs.declared, upstream, target, cache)
    errors += sizes.refusals(measurements)

    results = [findings.from_refusal(error) for error in errors]
    resolutions = dependencies.resolve(packages, target, inputs.unreadable)
    on_dependencies = (
        *map(
            _warning if inputs.declared.allow_unhealthy else _error,
            requirements.refusals(packages, target, inputs.unreadable),
        ),
        *dependencies.findings(packages, resolutions, target, inputs.unreadable),
    )
    results += [*on_dependencies, *_findings(packages, target)]
    results += _contents(packages, target, tell, cache)
    return Outcome(
        inputs=inputs,
        resolutions=tuple(dependencies.settle(resolutions, packages, offline=offline)),
        sizes=tuple(measurements),
        findings=findings.by_severity(results),
        on_dependencies=on_dependencies,
    )


def refusals(inputs: Inputs, upstream: Upstream, *, offline: bool) -> Iterator[DevcacheError]:
    """Yield the refusals of the filter, except for sizes, requirements and invalid fields.

    Args:
        inputs: The inputs of the checks.
        upstream: The values of the upstream chart.
        offline: Whether each dependency must be local.
    """
    packages = inputs.packages
    yield from (error for _, error in inputs.read_errors)
    for package in packages:
        yield from placement.refusals(package, inputs.target)
    yield from placement.exclusions(packages, offline=offline)
    yield from conflicts.same_source(packages, conflicts.installed_sources(upstream.packages, ()))
    if upstream.config_map:
        problem = "the package cache is a ConfigMap, which is read-only"
        hint = "unset it: Crossplane could not pull any other package"
        yield DevcacheError(problem, where="crossplane.packageCache.configMap", hint=hint)


def _findings(packages: Sequence[LocalPackage], target: Target) -> Iterator[Finding]:
    yield from ownership.findings(packages)
    for package in packages:
        yield from dependencies.crossplane_findings(package, target)
        yield from images.findings(package, target)


def _error(refusal: DevcacheError) -> Finding:
    return findings.from_refusal(requirements.with_setting(refusal))


def _warning(refusal: DevcacheError) -> Finding:
    return Finding("warning", refusal.where, refusal.problem, refusal.hint)


def _contents(
    packages: Sequence[LocalPackage], target: Target, tell: Tell, cache: ResultCache
) -> Iterator[Finding]:
    from postrender.checks import contents  # noqa: PLC0415  # `--help` needs no schemas

    for package in packages:
        tell(f"validating {package.name}")
        yield from contents.findings(package, target, cache)
