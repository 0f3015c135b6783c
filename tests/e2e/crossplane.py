"""Installs, changes and removes Crossplane as a user does, with the helm commands of the README."""

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

    from tests.e2e.commands import CommandResult, Program
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.lines import Line
    from tests.e2e.packages import Declarations

AMPLE_RESOURCES: Plain = {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "10m"}}

COMMON_VALUES: dict[str, Plain] = {
    # The default of some charts, 100m, makes Crossplane too slow for these tests.
    "resourcesCrossplane": AMPLE_RESOURCES,
    "resourcesRBACManager": AMPLE_RESOURCES,
}
"""The values of the upstream chart that all scenarios use."""

LEASE = "lease/crossplane-leader-election-core"
"""The lease whose holder is the leader."""

SKIP_VALIDATION = "--disable-openapi-validation"
"""An option of all helm commands but the first, which Helm validates as usual.

After each change of a CRD, the API server takes seconds to build its OpenAPI document again.
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
"""The permissions of a provider with safe-start, such as provider-nop. Crossplane 2 grants them."""


@dataclass
class Crossplane:
    """The release of one line, with its last state."""

    line: Line
    helm: Program
    devcache: Program
    """The command crossplane-devcache."""

    kubernetes: Kubernetes
    folder: Path
    """The folder for the values files."""

    payload: str = field(default="release", init=False)
    """The place of the packages for the next helm command: `release` or `apart`."""

    state: tuple[Declarations, Mapping[str, Plain]] | None = field(default=None, init=False)
    """The packages and values of the last deployment; None if a scenario changed the release since.
    """

    live: bool = field(default=False, init=False)
    """Whether the release is in live mode."""

    allows_unhealthy: bool = field(default=False, init=False)
    """Whether the filter accepts packages that can never become healthy."""

    is_broken: bool = field(default=False, init=False)
    """Whether a scenario failed, so that the state of the release is unknown."""

    def ensure(
        self,
        packages: Declarations,
        values: Mapping[str, Plain] | None = None,
        *,
        failing: Collection[str] = (),
        live: bool = False,
    ) -> None:
        """Bring the release to a state, unless it is in that state.

        Args:
            packages: The declarations. Their installed packages are healthy when this returns.
            values: More values of the upstream chart.
            failing: The names of the packages that will not become healthy.
            live: Whether live mode is on, for this deployment and later ones.
        """
        if self.is_broken:
            self.ensure_empty_cluster()
        if self.state != (packages, values or {}) or self.live != live:
            self.live, self.allows_unhealthy = live, bool(failing)
            pulled_packages = self._pulled_packages(packages)
            self.deploy(packages, values)
            self._remove(pulled_packages)
        names = {name for name, package in packages.items() if package.get("install", True)}
        self.kubernetes.wait_until_healthy(names.difference(failing))

    def ensure_empty_cluster(self) -> None:
        """Remove all traces of Crossplane from the cluster."""
        self.state, self.is_broken = None, False
        if self.kubernetes.names("crds"):
            clean(self.kubernetes)

    def ensure_installed(self) -> None:
        """Install the release, unless it is installed with any packages."""
        if self.is_broken or not self.is_installed:
            self.ensure({})

    def ensure_uninstalled(self) -> None:
        """Uninstall the release, if it is installed, so that only CRDs remain."""
        if self.is_broken:
            self.ensure_empty_cluster()
        if self.is_installed:
            self.uninstall_in_order()

    def deploy(self, packages: Declarations, values: Mapping[str, Plain] | None = None) -> None:
        """Run the helm command of the README, and the preparation for the first one."""
        self.state = None
        if self.is_installed:
            self._wait_for_access()
        options = [SKIP_VALIDATION] if self.is_installed else self.before_first()
        self.helm.run_logged(*self.upgrade(packages, values), *options, "--wait")
        self.state = (packages, values or {})

    def before_first(self) -> list[str]:
        """Prepare the cluster for the first helm command, and return more options for it."""
        if self.line.at_least < (2, 0):
            self.kubernetes.apply(yaml.safe_dump_all(SEE_DEFINITIONS))
        if self.line.ours:
            return ["--skip-crds"] if self.kubernetes.names("crds") else []
        self.bootstrap()
        return []

    def bootstrap(self) -> None:
        """Create the CRDs that an upstream chart needs, unless they exist."""
        if self.kubernetes.read("crd/providers.pkg.crossplane.io", "{.kind}"):
            return
        crds = self.devcache.run_logged("crds", f"--crossplane={self.line.version}")
        self.kubernetes.kubectl.run_logged("create", "--filename=-", stdin=crds)

    def upgrade(
        self, packages: Declarations, values: Mapping[str, Plain] | None = None
    ) -> list[str]:
        """Return the arguments of `helm upgrade --install`.

        Args:
            packages: The declarations.
            values: More values of the upstream chart.
        """
        upstream_values: Plain = {**COMMON_VALUES, **(values or {})}
        if self.line.ours:
            release: Plain = {"crossplane": upstream_values, "devcache": self._spec(packages)}
            return [*self._upgrade(str(CHART), release), *POST_RENDERER]
        arguments = f"--post-renderer-args=--config={self.config(packages)}"
        return [*self._upgrade(self.upstream, upstream_values), *POST_RENDERER, arguments]

    def upgrade_upstream(self, values: Mapping[str, Plain]) -> list[str]:
        """Return the arguments that install the upstream chart without this project."""
        return self._upgrade(self.upstream, {**COMMON_VALUES, **values})

    def config(self, packages: Declarations) -> Path:
        """Write a DevCache document that declares packages, and return its file."""
        document: Plain = {
            "apiVersion": "crossplane-devcache/v1alpha1",
            "kind": "DevCache",
            "metadata": {"name": "e2e"},
            "spec": self._spec(packages),
        }
        return self._write("devcache.yaml", document)

    @property
    def upstream(self) -> str:
        """The path of the upstream chart."""
        return f"{path_of('CHARTS')}/crossplane-{self.line.version}.tgz"

    def expect_failure(self, *arguments: str) -> CommandResult:
        """Run a helm command that must fail, and return the result."""
        result = self.helm.run(*arguments)
        assert result.status != 0, f"helm {arguments} should have failed\n{result.stdout}"
        return result

    def rollback(self) -> None:
        """Roll back to the previous revision."""
        self.state = None
        self.helm.run_logged("rollback", "crossplane", INSIDE, "--wait")

    def uninstall(self) -> None:
        """Uninstall the release."""
        self.state = None
        self.helm.run_logged("uninstall", "crossplane", INSIDE, "--wait")

    def uninstall_in_order(self) -> None:
        """Remove all packages, then uninstall the release, as the README says."""
        self.deploy({})
        # Crossplane deletes revisions and definitions moments after their package, while it runs.
        remaining = (*KINDS, *REVISIONS, DEFINITIONS)
        until(lambda: " ".join(self.kubernetes.names(*remaining)), "no package is left")
        self.uninstall()
        self.forget_leader()

    def _wait_for_access(self) -> None:
        """Wait until Crossplane can delete the composite resources of all definitions.

        The RBAC manager gives no access for a definition that is already terminating. Crossplane
        then never deletes that definition (internal/controller/rbac/definition, 1.14 to 2.4).
        """

        def missing() -> str:
            template = "{.metadata.name} {.metadata.deletionTimestamp}"
            states = [state.split() for state in self.kubernetes.values(DEFINITIONS, template)]
            names = [state[0] for state in states if len(state) == 1]  # not terminating
            roles = {f"crossplane:composite:{name}:aggregate-to-crossplane" for name in names}
            return " ".join(roles.difference(self.kubernetes.names("clusterroles")))

        until(missing, "Crossplane has access to composite resources")

    @property
    def is_installed(self) -> bool:
        """Whether Helm has the release."""
        return bool(self.kubernetes.names("secrets", selector="owner=helm,name=crossplane"))

    def forget_leader(self) -> None:
        """Delete the lease that an uninstalled leader could not release, as the README says."""
        self.kubernetes.kubectl("delete", LEASE, INSIDE, "--ignore-not-found")

    def leader(self) -> str:
        """Return the name of the pod that is the leader or was the last leader."""
        return self.kubernetes.read(LEASE, "{.spec.holderIdentity}").partition("_")[0]

    def _pulled_packages(self, packages: Declarations) -> set[str]:
        """Return the packages that Crossplane pulled for an earlier scenario.

        Args:
            packages: The declarations of the next scenario, which do not count.
        """
        declarations, _ = self.state or ({}, {})
        return {
            f"{state.kind.lower()}.pkg.crossplane.io/{name}"
            for name, state in self.kubernetes.packages().items()
            if name not in declarations and name not in packages
        }

    def _remove(self, resources: Collection[str]) -> None:
        if resources:
            self.kubernetes.kubectl("delete", *resources, "--ignore-not-found", "--wait=false")
            self.kubernetes.wait_until_gone(*resources)

    def _upgrade(self, chart: str, values: Plain) -> list[str]:
        return [
            *("upgrade", "--install", "crossplane", chart, INSIDE),
            *("--create-namespace", f"--values={self._write('values.yaml', values)}"),
        ]

    def _write(self, name: str, document: Plain) -> Path:
        file = self.folder / name
        file.write_text(json.dumps(document, indent=2))  # valid YAML without aliases
        return file

    def _spec(self, packages: Declarations) -> Plain:
        """Return the spec of a DevCache document, which is also the `devcache` of our chart."""
        declarations: Plain = {name: dict(package) for name, package in packages.items()}
        return {
            "live": self.live,
            "allowUnhealthy": self.allows_unhealthy,
            "packages": declarations,
            "payload": self.payload,
        }
