"""Packages that can never become Healthy: the filter and a push refuse them, unless allowed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.live import plan
from postrender.payload import record
from tests.shared import live_release, manifests
from tests.shared.checking import checked
from tests.shared.configurations import ACME, package
from tests.shared.declarations import HEAD
from tests.shared.package_files import META

if TYPE_CHECKING:
    from tests.shared.command import Command
    from tests.shared.programs import Plain

Needs = list[tuple[str, str]]
"""The sources and ranges of dependencies."""


class Declared(NamedTuple):
    """A Configuration and its declaration."""

    needs: Needs
    tag: str = "v0.2.0"
    crossplane: str = ""
    fields: dict[str, Plain] | None = None


NETWORK = f"{ACME}/network"
SKIPS: dict[str, Plain] = {"spec": {"skipDependencyResolution": True}}
IGNORES: dict[str, Plain] = {"spec": {"ignoreCrossplaneConstraints": True}}

NEVER_HEALTHY: dict[str, tuple[dict[str, Declared], str]] = {
    "a-local-dependency-out-of-range": (
        {"acme-platform": Declared([(NETWORK, ">=v0.3.0")]), "acme-network": Declared([])},
        'the local package acme-network is "v0.2.0", which ">=v0.3.0" does not admit',
    ),
    "a-local-dependency-without-a-version": (
        {"acme-platform": Declared([(NETWORK, "*")]), "acme-network": Declared([], "main")},
        'the local package acme-network is "main", but "*" requires a version',
    ),
    "a-local-dependency-that-is-not-recorded": (
        {
            "acme-platform": Declared([(NETWORK, "*")]),
            "acme-network": Declared([], fields=SKIPS),
        },
        "the local package acme-network has skipDependencyResolution",
    ),
    "an-improper-range": (
        {"acme-platform": Declared([(f"{ACME}/far", "newest")])},
        'rejects its range "newest" as improper',
    ),
    "no-registry-has-it": (
        {"acme-platform": Declared([("xpkg.devcache.local/far", "*")])},
        "is not local, and no registry has it",
    ),
    "a-source-with-a-tag": (
        {"acme-platform": Declared([(f"{ACME}/far:v1", "*")])},
        "names a tag or digest",
    ),
    "a-cycle": (
        {
            "acme-platform": Declared([(NETWORK, "*")]),
            "acme-network": Declared([(f"{ACME}/platform", "*")]),
        },
        "packages depend on each other in a cycle",
    ),
    "a-cycle-of-one": (
        {"acme-platform": Declared([(f"{ACME}/platform", "*")])},
        "packages depend on each other in a cycle",
    ),
    "another-crossplane": (
        {"acme-platform": Declared([], crossplane=">=v9.0.0")},
        'its spec.crossplane.version ">=v9.0.0" does not admit Crossplane 2.4',
    ),
}

MAYBE_HEALTHY: dict[str, dict[str, Declared]] = {
    "a-dependency-in-a-registry": {"acme-platform": Declared([(f"{ACME}/far", ">=v9.0.0")])},
    # The dependency may be of another kind, or installed under another name.
    "the-name-of-another-package": {
        "acme-platform": Declared([("xpkg.example.com/acme/network", "*")]),
        "acme-network": Declared([]),
    },
    # Crossplane can pull another version of it.
    "out-of-range-but-not-installed": {
        "acme-platform": Declared([(NETWORK, ">=v0.3.0")]),
        "acme-network": Declared([], fields={"install": False}),
    },
    "dependencies-that-crossplane-does-not-resolve": {
        "acme-platform": Declared([(NETWORK, ">=v0.3.0")], fields=SKIPS),
        "acme-network": Declared([]),
    },
    "another-crossplane-that-it-ignores": {
        "acme-platform": Declared([], crossplane=">=v9.0.0", fields=IGNORES),
    },
}


def spec_of(folder: Path, packages: dict[str, Declared]) -> dict[str, Plain]:
    """Write packages, and return the `spec` that declares them."""
    declared: dict[str, Plain] = {}
    for name, entry in packages.items():
        last = name.removeprefix("acme-")
        spec: dict[str, Plain] = {}
        if entry.crossplane:
            spec["crossplane"] = {"version": entry.crossplane}
        path = package(folder, last, entry.needs, **spec)
        declared[name] = {
            "path": path,
            "package": f"{ACME}/{last}:{entry.tag}",
            **(entry.fields or {}),
        }
    return {"packages": declared, "crossplaneVersion": "2.4"}


def filtered(spec: Plain) -> str:
    """Return the output of the filter."""
    text = f"{HEAD}{yaml.safe_dump({'spec': spec})}"
    return manifests.modified(manifests.RENDERED, devcache.load(text, where="x"), Path())


def severities(command: Command, folder: Path, spec: Plain, message: str) -> list[Plain]:
    """Return the severities of the findings of `check` with a message."""
    config = folder / "devcache.yaml"
    config.write_text(f"{HEAD}{yaml.safe_dump({'spec': spec})}")
    report = checked(command, "--config", config)
    return [
        finding["severity"] for finding in report["findings"] if message in str(finding["problem"])
    ]


@pytest.mark.parametrize(("packages", "message"), NEVER_HEALTHY.values(), ids=list(NEVER_HEALTHY))
def test_the_filter_refuses_what_check_calls_an_error(
    command: Command, tmp_path: Path, packages: dict[str, Declared], message: str
) -> None:
    spec = spec_of(tmp_path, packages)
    with pytest.raises(DevcacheError) as refused:
        filtered(spec)
    assert message in refused.value.problem
    assert refused.value.hint.endswith("; to deploy it anyway, set allowUnhealthy: true")
    assert severities(command, tmp_path, spec, message) == ["error"]
    allowed: Plain = {**spec, "allowUnhealthy": True}
    assert "kind: Configuration" in filtered(allowed)
    assert severities(command, tmp_path, allowed, message) == ["warning"]


@pytest.mark.parametrize("packages", MAYBE_HEALTHY.values(), ids=list(MAYBE_HEALTHY))
def test_the_filter_accepts_a_package_that_may_become_healthy(
    command: Command, tmp_path: Path, packages: dict[str, Declared]
) -> None:
    spec = spec_of(tmp_path, packages)
    assert "kind: Configuration" in filtered(spec)
    assert "error" not in severities(command, tmp_path, spec, "")


@pytest.mark.parametrize("packages_at_once", [True, False], ids=["both", "one"])
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "refused"])
def test_a_push_refuses_a_package_that_can_never_become_healthy(
    tmp_path: Path, *, packages_at_once: bool, is_allowed: bool
) -> None:
    """The dependency is among the pushed packages, or only in the release."""
    network = live_release.package(tmp_path, "network")
    release = live_release.of(network, live_release.package(tmp_path, "platform"))
    new_record = release.record._replace(allow_unhealthy=is_allowed)
    release = replace(release, record=new_record)
    needs = f"spec: {{dependsOn: [{{configuration: {network.source}, version: '>=v9'}}]}}\n"
    pushed = [live_release.package(tmp_path, "platform", META + needs.encode())]
    pushed += [network] if packages_at_once else []
    packages = live_release.local_packages(*pushed)
    if is_allowed:
        assert plan.push(release, packages).writes
    else:
        with pytest.raises(DevcacheError, match="does not admit") as refused:
            plan.push(release, packages)
        assert refused.value.where == f'package platform, dependency "{network.source}"'


def test_a_release_records_that_it_allows_unhealthy_packages(tmp_path: Path) -> None:
    release = live_release.of(live_release.package(tmp_path))
    new_record = release.record._replace(allow_unhealthy=True)
    assert record.parse(new_record.text, where="the record") == new_record
    assert "allowUnhealthy" not in release.record.text
