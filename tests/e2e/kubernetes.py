"""Reads the state of the cluster and waits for it, for many scenarios."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.e2e import api_server
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.e2e.api_server import ApiServer
    from tests.e2e.commands import Program

NAMESPACE = "crossplane-system"
INSIDE = f"--namespace={NAMESPACE}"

CORE = "app=crossplane"
"""Selects the pods of Crossplane, but not the pods of its RBAC manager or of packages."""

KINDS = (
    "configurations.pkg.crossplane.io",
    "functions.pkg.crossplane.io",
    "providers.pkg.crossplane.io",
)
REVISIONS = (
    "configurationrevisions.pkg.crossplane.io",
    "functionrevisions.pkg.crossplane.io",
    "providerrevisions.pkg.crossplane.io",
)
SETTINGS = ("imageconfigs.pkg.crossplane.io", "deploymentruntimeconfigs.pkg.crossplane.io")
"""The kinds of additional objects of packages; some releases of Crossplane lack a kind."""
DEFINITIONS = "compositeresourcedefinitions.apiextensions.crossplane.io"


def condition(name: str) -> str:
    """Return the JSONPath of the status of a condition."""
    return f'{{.status.conditions[?(@.type=="{name}")].status}}'


def field_type(name: str) -> str:
    """Return the JSONPath in a CRD of the type of a field in `spec`."""
    return f"{{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.{name}.type}}"


@dataclass(frozen=True)
class PackageState:
    """The state of a package in the cluster."""

    kind: str
    name: str
    source: str
    installed: str
    healthy: str
    revision: str


@dataclass(frozen=True)
class Kubernetes:
    """The cluster of the run."""

    kubectl: Program
    """Changes the cluster, as a user does."""

    api_server: ApiServer
    """Reads the cluster."""

    def version(self) -> str:
        """Return the version of the API server, such as 1.34.2."""
        versions = json.loads(self.kubectl("version", "--output=json"))
        return str(versions["serverVersion"]["gitVersion"]).removeprefix("v")

    def read(self, resource: str, template: str) -> str:
        """Return the values of JSONPaths in a resource, or "" if the resource does not exist.

        Args:
            resource: The resource, such as `deployment/crossplane`. A namespaced one is in
                Crossplane's namespace.
            template: The JSONPaths, such as `{.metadata.uid} {.metadata.generation}`.
        """
        document = self.api_server.get(resource, NAMESPACE)
        return api_server.fill(template, document) if document else ""

    def values(
        self,
        kind: str,
        template: str,
        *,
        namespace: str = NAMESPACE,
        selector: str = "",
        fields: str = "",
    ) -> list[str]:
        """Return the values of JSONPaths in each resource of a kind.

        Args:
            kind: The kind, such as `pods`; a kind that is not served yet has no resources.
            template: The JSONPaths, such as `{.metadata.name}`.
            namespace: The namespace of the resources; "" for all namespaces.
            selector: A label selector.
            fields: A field selector, such as `reason=Evicted`.
        """
        items = self.api_server.items(kind, namespace, selector=selector, fields=fields)
        return [api_server.fill(template, item) for item in items]

    def names(self, *kinds: str, selector: str = "") -> set[str]:
        """Return the names of all resources of these kinds."""
        list_items = partial(self.api_server.items, selector=selector, metadata_only=True)
        items = (item for kind in kinds for item in list_items(kind, NAMESPACE))
        return {api_server.fill("{.metadata.name}", item) for item in items}

    def messages(self, *kinds: str, selector: str = "") -> str:
        """Return the messages of the conditions of all resources of these kinds."""
        path = "{.status.conditions[*].message}"
        return " ".join(
            message for kind in kinds for message in self.values(kind, path, selector=selector)
        )

    def packages(self) -> dict[str, PackageState]:
        """Return the state of each package, by name."""
        columns = (
            *("{.kind}", "{.metadata.name}", "{.spec.package}"),
            *(condition("Installed"), condition("Healthy"), "{.status.currentRevision}"),
        )
        rows = (row for kind in KINDS for row in self.values(kind, "\t".join(columns)))
        states = (PackageState(*row.split("\t")) for row in rows)
        return {state.name: state for state in states}

    def wait_until_healthy(self, names: Iterable[str]) -> None:
        """Return when these packages are installed and healthy."""
        package_names = sorted(names)

        def problem() -> str | None:
            states = self.packages()
            unhealthy = [name for name in package_names if not _is_healthy(states.get(name))]
            return ", ".join(unhealthy)

        until(problem, f"healthy: {', '.join(package_names)}")

    def wait_until_revised(self, name: str, earlier: str) -> None:
        """Return when the current revision of a package is another one than an earlier revision.

        Crossplane updates it moments after the new revision has installed its objects.
        """
        until(
            lambda: earlier if self.packages()[name].revision == earlier else "",
            f"{name} has another revision",
        )

    def wait_until_gone(self, *resources: str) -> None:
        """Return when these resources no longer exist."""
        until(
            lambda: " ".join(name for name in resources if self.read(name, "{.kind}")),
            f"gone: {', '.join(resources)}",
        )

    def wait_until_value(self, resource: str, path: str, value: str) -> None:
        """Return when a JSONPath of a resource has a value."""

        def problem() -> str | None:
            actual = self.read(resource, path)
            return None if actual == value else f"it is {actual!r}"

        until(problem, f"{resource} {path} is {value!r}")

    def wait_until_ready(self, resource: str) -> None:
        """Return when a resource has the condition Ready."""
        self.wait_until_value(resource, condition("Ready"), "True")

    def wait_until_pods_ready(self, count: int, selector: str = "") -> None:
        """Return when exactly this number of pods exists, and all of them are ready."""

        def problem() -> str | None:
            statuses = self.values("pods", condition("Ready"), selector=selector)
            return None if statuses == ["True"] * count else f"they are {statuses}"

        until(problem, f"{count} pods are ready")

    def recreate_api(self, package: str, definition: str) -> None:
        """Delete the API of a Configuration, and return when Crossplane has created it again.

        This proves that Crossplane reads the package: a condition may be stale, but a deleted API
        can only come from the package.

        Args:
            package: The name of the Configuration.
            definition: The name of a CompositeResourceDefinition in the Configuration.
        """
        resource = f"compositeresourcedefinitions.apiextensions.crossplane.io/{definition}"
        uid = self.read(resource, "{.metadata.uid}")
        self.kubectl("delete", resource, "--wait=false")
        until(
            lambda: "still there" if self.read(resource, "{.metadata.uid}") == uid else None,
            f"deleted: {definition}",
        )
        revision = self.packages()[package].revision
        # Not every release of Crossplane watches the objects of a package.
        mark = f"e2e.example.org/made-anew={uid}"
        self.kubectl("annotate", "--overwrite", f"{REVISIONS[0]}/{revision}", mark)
        self.wait_until_value(resource, condition("Established"), "True")

    def apply(self, manifests: str) -> None:
        """Apply manifests, as a user does."""
        self.kubectl("apply", INSIDE, "--filename=-", stdin=manifests)

    def pods(self) -> list[str]:
        """Return the names of the pods of Crossplane that are not terminating."""
        columns = "{.metadata.name} {.metadata.deletionTimestamp}"
        rows = [row.split() for row in self.values("pods", columns, selector=CORE)]
        return sorted(row[0] for row in rows if len(row) == 1)

    def copier(self) -> str:
        """Return the log of the copier in the only pod of Crossplane, or the error of kubectl."""
        logs = ("logs", "deployment/crossplane", INSIDE, "--container=devcache-copier")
        result = self.kubectl.run(*logs)
        return result.stdout or result.stderr


def _is_healthy(state: PackageState | None) -> bool:
    return state is not None and state.installed == "True" and state.healthy == "True"
