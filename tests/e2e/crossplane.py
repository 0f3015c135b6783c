"""Crossplane as a user installs, changes and removes it: the helm commands of the README."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from tests.e2e.cleaning import clean
from tests.e2e.kubernetes import DEFINITIONS, INSIDE, KINDS, NAMESPACE, REVISIONS
from tests.e2e.waiting import until
from tests.shared.programs import CHART, Plain, path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tests.e2e.commands import Ended, Program
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.lines import Line
    from tests.e2e.packages import Declared

ABUNDANT: Plain = {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "10m"}}

EVERYWHERE: dict[str, Plain] = {
    # The default of 100m, in some charts, would make everything here wait for it.
    "resourcesCrossplane": ABUNDANT,
    "resourcesRBACManager": ABUNDANT,
}
"""Values of the upstream chart in all scenarios."""

LEASE = "lease/crossplane-leader-election-core"
"""Whoever holds it is the leader."""

HASTE = "--disable-openapi-validation"
"""For all helm commands but the first, which is checked as always.

The API server puts its OpenAPI together again after each change of a CRD, for seconds.
"""

POST_RENDERER = ("--post-renderer", "crossplane-devcache")

_RBAC = "rbac.authorization.k8s.io"

SEE_DEFINITIONS: list[Plain] = [
    {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "crossplane-safe-start"},
        "rules": [
            {
                "apiGroups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": ["get", "list", "watch"],
            }
        ],
    },
    {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "crossplane-safe-start"},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "crossplane-safe-start"},
        "subjects": [
            {"apiGroup": _RBAC, "kind": "Group", "name": f"system:serviceaccounts:{NAMESPACE}"}
        ],
    },
]
"""What a provider with safe-start, such as provider-nop, needs. Crossplane 2 grants it itself."""


@dataclass
class Crossplane:
    """The release of one line, and what it is known to hold."""

    line: Line
    helm: Program
    devcache: Program
    """The command crossplane-devcache."""

    kubernetes: Kubernetes
    folder: Path
    """Where its values files are written."""

    payload: str = field(default="release", init=False)
    """Where the packages are with the next helm command: in the release, or apart from it."""

    state: tuple[Declared, Mapping[str, Plain]] | None = field(default=None, init=False)
    """What it was last brought to; None when a scenario left it otherwise."""

    live: bool = field(default=False, init=False)
    """Whether it is in live mode."""

    broken: bool = field(default=False, init=False)
    """Whether a scenario failed, so that nothing is known of it."""

    def given(
        self,
        packages: Declared,
        values: Mapping[str, Plain] | None = None,
        *,
        failing: Collection[str] = (),
        live: bool = False,
    ) -> None:
        """Bring the release to a state from which a scenario starts, unless it is in it.

        Args:
            packages: What is declared; all that is installed of it is healthy afterwards.
            values: Values of the upstream chart.
            failing: Names of packages that will not be healthy.
            live: Whether it is in live mode, also after an upgrade.
        """
        if self.broken:
            self.given_nothing()
        if self.state != (packages, values or {}) or self.live != live:
            self.live = live
            pulled = self._pulled(packages)
            self.deploy(packages, values)
            self._remove(pulled)
        installed = {name for name, each in packages.items() if each.get("install", True)}
        self.kubernetes.healthy(installed.difference(failing))

    def given_nothing(self) -> None:
        """Make the cluster one that has never seen Crossplane, unless it is."""
        self.state, self.broken = None, False
        if self.kubernetes.names("crds"):
            clean(self.kubernetes)

    def given_running(self) -> None:
        """Install the release, unless it is installed, whatever packages it has."""
        if self.broken or not self.installed:
            self.given({})

    def given_uninstalled(self) -> None:
        """Uninstall the release, if it is installed, and leave nothing of it but CRDs."""
        if self.broken:
            self.given_nothing()
        if self.installed:
            self.uninstall_in_order()

    def deploy(self, packages: Declared, values: Mapping[str, Plain] | None = None) -> None:
        """Run the one helm command, and before it what the README asks for."""
        self.state = None
        more = [HASTE] if self.installed else self.before_first()
        self.helm.told(*self.upgrade(packages, values), *more, "--wait")
        self.state = (packages, values or {})

    def before_first(self) -> list[str]:
        """Do what comes before the first helm command, and return what is added to it."""
        if self.line.at_least < (2, 0):
            self.kubernetes.apply(yaml.safe_dump_all(SEE_DEFINITIONS))
        if self.line.ours:
            return ["--skip-crds"] if self.kubernetes.names("crds") else []
        self.bootstrap()
        return []

    def bootstrap(self) -> None:
        """Create the CRDs that an upstream chart needs, unless they are there."""
        if self.kubernetes.read("crd/providers.pkg.crossplane.io", "{.kind}"):
            return
        crds = self.devcache.told("crds", f"--crossplane={self.line.version}")
        self.kubernetes.kubectl.told("create", "--filename=-", stdin=crds)

    def upgrade(self, packages: Declared, values: Mapping[str, Plain] | None = None) -> list[str]:
        """Return the arguments of `helm upgrade --install`.

        Args:
            packages: What is declared.
            values: Values of the upstream chart.
        """
        own: Plain = {**EVERYWHERE, **(values or {})}
        if self.line.ours:
            release: Plain = {"crossplane": own, "devcache": self._spec(packages)}
            return [*self._upgrade(str(CHART), release), *POST_RENDERER]
        arguments = f"--post-renderer-args=--config={self.config(packages)}"
        return [*self._upgrade(self.upstream, own), *POST_RENDERER, arguments]

    def upgrade_upstream(self, values: Mapping[str, Plain]) -> list[str]:
        """Return the arguments that install the upstream chart, as if this project were not."""
        return self._upgrade(self.upstream, {**EVERYWHERE, **values})

    def config(self, packages: Declared) -> Path:
        """Write the DevCache document that declares packages, and return its file."""
        document: Plain = {
            "apiVersion": "crossplane-devcache/v1alpha1",
            "kind": "DevCache",
            "metadata": {"name": "e2e"},
            "spec": self._spec(packages),
        }
        return self._written("devcache.yaml", document)

    @property
    def upstream(self) -> str:
        """The file of the upstream chart."""
        return f"{path_of('CHARTS')}/crossplane-{self.line.version}.tgz"

    def refused(self, *arguments: str) -> Ended:
        """Run a helm command that must fail, and return how it ended."""
        ended = self.helm.ended(*arguments)
        assert ended.status != 0, f"helm {arguments} should have failed\n{ended.stdout}"
        return ended

    def rollback(self) -> None:
        """Go back to the revision before."""
        self.state = None
        self.helm.told("rollback", "crossplane", INSIDE, "--wait")

    def uninstall(self) -> None:
        """Uninstall the release."""
        self.state = None
        self.helm.told("uninstall", "crossplane", INSIDE, "--wait")

    def uninstall_in_order(self) -> None:
        """Uninstall the release when all that it declared is gone, as the README says."""
        self.deploy({})
        # Revisions and definitions go moments after their package, and only while Crossplane runs.
        remaining = (*KINDS, *REVISIONS, DEFINITIONS)
        until(lambda: " ".join(self.kubernetes.names(*remaining)), "no package is left")
        self.uninstall()
        self.forget_leader()

    @property
    def installed(self) -> bool:
        """Whether Helm knows the release."""
        return bool(self.kubernetes.names("secrets", selector="owner=helm,name=crossplane"))

    def forget_leader(self) -> None:
        """Delete the lease that an uninstalled leader could not give back, as the README says."""
        self.kubernetes.kubectl("delete", LEASE, INSIDE, "--ignore-not-found")

    def leader(self) -> str:
        """Return the name of the pod that is the leader, or was the last one."""
        return self.kubernetes.read(LEASE, "{.spec.holderIdentity}").partition("_")[0]

    def _pulled(self, but: Declared) -> set[str]:
        """Return the packages that Crossplane pulled for an earlier scenario."""
        declared, _ = self.state or ({}, {})
        return {
            f"{state.kind.lower()}.pkg.crossplane.io/{name}"
            for name, state in self.kubernetes.packages().items()
            if name not in declared and name not in but
        }

    def _remove(self, resources: Collection[str]) -> None:
        if resources:
            self.kubernetes.kubectl("delete", *resources, "--ignore-not-found", "--wait=false")
            self.kubernetes.gone(*resources)

    def _upgrade(self, chart: str, values: Plain) -> list[str]:
        return [
            *("upgrade", "--install", "crossplane", chart, INSIDE),
            *("--create-namespace", f"--values={self._written('values.yaml', values)}"),
        ]

    def _written(self, name: str, document: Plain) -> Path:
        file = self.folder / name
        file.write_text(json.dumps(document, indent=2))  # YAML, too, and without aliases
        return file

    def _spec(self, packages: Declared) -> Plain:
        """Return the declaration, as a DevCache document and our chart's values hold it."""
        declared: Plain = {name: dict(package) for name, package in packages.items()}
        return {"live": self.live, "packages": declared, "payload": self.payload}
