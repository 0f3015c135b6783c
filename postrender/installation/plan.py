"""The plan of an installation, which is made and checked before the cluster is touched."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from postrender import __version__
from postrender.checks import images
from postrender.checks.check import check
from postrender.declared import devcache
from postrender.declared import values as declared_values
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.helm import values as release_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.checks.check import Outcome
    from postrender.crossplane.target import Target
    from postrender.helm.charts import Chart
    from postrender.interface.progress import Tell
    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage

_SIDECARS = (1, 29)
"""The first version of Kubernetes with sidecars, which live mode needs."""

_TOO_LARGE = {"ConfigMap", "Helm release"}
"""The sizes that `payload: apart` reduces."""

_PREFIX = f"{devcache.API_VERSION.partition('/')[0]} up "


class Plan(NamedTuple):
    """The plan of an installation.

    Attributes:
        chart: The chart.
        checks: The outcome of all checks.
        spec: The `spec` of the DevCache.
        upstream: The values of the upstream chart.
        description: The description of the release, which differs for different plans.
    """

    chart: Chart
    checks: Outcome
    spec: Mapping[str, Plain]
    upstream: Fields
    description: str

    @property
    def target(self) -> Target:
        """The target of the Crossplane version that will run."""
        return self.checks.inputs.target

    @property
    def packages(self) -> tuple[LocalPackage, ...]:
        """The packages."""
        return self.checks.inputs.packages

    @property
    def is_live(self) -> bool:
        """Whether live mode is on."""
        return self.spec.get("live") is True

    @property
    def is_apart(self) -> bool:
        """Whether the packages are outside the release."""
        return self.spec.get("payload") == "apart"

    @property
    def values(self) -> Mapping[str, Plain]:
        """The values of the chart."""
        if self.chart.is_ours:
            return {"crossplane": self.upstream.values, "devcache": dict(self.spec)}
        return self.upstream.values

    @property
    def config(self) -> Mapping[str, Plain] | None:
        """The DevCache document for the post-renderer, or None if the chart declares it."""
        if self.chart.is_ours:
            return None
        return {
            "apiVersion": devcache.API_VERSION,
            "kind": devcache.KIND,
            "metadata": {"name": "up"},
            "spec": dict(self.spec),
        }


def make(  # noqa: PLR0913  # the sources of an installation
    declared: Fields,
    chart: Chart,
    released: Mapping[str, Plain],
    kubernetes: tuple[int, int],
    *,
    is_our_chart: bool,
    live: bool,
    arguments: Sequence[str],
    tell: Tell,
) -> Plan:
    """Return the plan of an installation.

    Args:
        declared: The values of our chart that declare the packages.
        chart: The chart.
        released: The values of the release, which stay, or none.
        kubernetes: The version of the cluster.
        is_our_chart: Whether the chart of the release is ours.
        live: Whether live mode is on, if the values do not say it.
        arguments: Further arguments for helm.
        tell: Shows the current step.

    Raises:
        DevcacheError: The values are invalid, or the cluster does not support live mode.
    """
    block = declared.under("crossplane").values
    upstream = release_values.upstream(released, block, ours=is_our_chart)
    spec = declared.under("devcache").values
    spec = {"live": live and kubernetes >= _SIDECARS, **_without_nulls(spec)}
    if spec["live"] and kubernetes < _SIDECARS:
        problem = "live mode needs Kubernetes 1.29 or later"
        raise DevcacheError(problem, where=f"{declared.path}.devcache.live", hint="set it to false")
    checks = _check(spec, upstream, chart, declared.where, tell)
    errors = {item.where for item in checks.findings if item.severity == "error"}
    if errors and errors <= _TOO_LARGE and "payload" not in spec:
        spec["payload"] = "apart"
        checks = _check(spec, upstream, chart, declared.where, tell)
    plan = Plan(chart, checks, spec, upstream, "")
    return plan._replace(description=_description(plan, arguments))


def _check(
    spec: dict[str, Plain], upstream: Fields, chart: Chart, where: str, tell: Tell
) -> Outcome:
    """Return the outcome of all checks, without warnings about the runtimes that `up` loads."""
    values = Fields({"crossplane": upstream.values}, "values", where)
    upstream_values = declared_values.upstream(values)
    is_named = upstream_values.version or spec.get("crossplaneVersion")
    outcome = check(
        Fields(spec, "values.devcache", where),
        upstream_values,
        crossplane="" if is_named else chart.version,
        offline=False,
        tell=tell,
    )
    solved = {
        finding
        for package in outcome.inputs.packages
        if package.is_embedded
        for finding in images.findings(package, outcome.inputs.target)
    }
    findings = tuple(finding for finding in outcome.findings if finding not in solved)
    return replace(outcome, findings=findings)


def _without_nulls(spec: dict[str, Plain]) -> dict[str, Plain]:
    """Return a spec without null packages and fields, as the template of our chart does."""
    values: dict[str, Plain] = {key: value for key, value in spec.items() if value is not None}
    packages = values.get("packages")
    if isinstance(packages, dict):
        values["packages"] = {
            name: {key: value for key, value in package.items() if value is not None}
            if isinstance(package, dict)
            else package
            for name, package in packages.items()
            if package is not None
        }
    return values


def _description(plan: Plan, arguments: Sequence[str]) -> str:
    """Return a description that is equal for equal plans, or "" if the chart can change.

    In live mode a push brings the contents, so they make no difference.
    """
    if not plan.chart.identity:
        return ""
    contents = (
        "" if plan.is_live and not plan.is_apart else [package.content for package in plan.packages]
    )
    kinds = {package.name: package.kind for package in plan.packages}
    parts = (__version__, plan.chart.identity, plan.values, plan.spec, kinds, contents)
    text = json.dumps([*parts, *arguments], sort_keys=True)
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]
