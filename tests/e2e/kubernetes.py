"""What many scenarios ask of the cluster or wait for, and kubectl."""

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
"""Selects the pods of Crossplane, and neither those of its RBAC manager nor of packages."""

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
DEFINITIONS = "compositeresourcedefinitions.apiextensions.crossplane.io"


def condition(name: str) -> str:
    """Return the JSONPath of a condition's status."""
    return f'{{.status.conditions[?(@.type=="{name}")].status}}'


def field_type(name: str) -> str:
    """Return the JSONPath, in a CRD, of the type of a field in spec."""
    return f"{{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.{name}.type}}"


@dataclass(frozen=True)
class PackageState:
    """What the cluster says of one package."""

    kind: str
    name: str
    source: str
    installed: str
    healthy: str
    revision: str


@dataclass(frozen=True)
class Kubernetes:
    """The run's cluster, by its API server."""

    kubectl: Program
    """What changes it, as a user does."""

    api_server: ApiServer
    """What looks at it."""

    def version(self) -> str:
        """Return the version of the API server, such as 1.34.2."""
        told = json.loads(self.kubectl("version", "--output=json"))
        return str(told["serverVersion"]["gitVersion"]).removeprefix("v")

    def read(self, resource: str, template: str) -> str:
        """Return what JSONPaths find, empty when the resource is not there.

        Args:
            resource: Such as `deployment/crossplane`; in Crossplane's namespace, if in any.
            template: Such as `{.metadata.uid} {.metadata.generation}`.
        """
        found = self.api_server.get(resource, NAMESPACE)
        return api_server.said(template, found) if found else ""

    def each(
        self,
        kind: str,
        template: str,
        *,
        namespace: str = NAMESPACE,
        selector: str = "",
        fields: str = "",
    ) -> list[str]:
        """Return what JSONPaths find in each resource of a kind.

        Args:
            kind: Such as `pods`; a kind that is not served yet has no resources either.
            template: Such as `{.metadata.name}`.
            namespace: Its namespace, if it has one; "" for all.
            selector: Which labels a resource must have.
            fields: Which fields, such as `reason=Evicted`.
        """
        found = self.api_server.items(kind, namespace, selector=selector, fields=fields)
        return [api_server.said(template, one) for one in found]

    def names(self, *kinds: str, selector: str = "") -> set[str]:
        """Return the names of all resources of these kinds."""
        ask = partial(self.api_server.items, selector=selector, metadata_only=True)
        found = (one for kind in kinds for one in ask(kind, NAMESPACE))
        return {api_server.said("{.metadata.name}", one) for one in found}

    def messages(self, *kinds: str, selector: str = "") -> str:
        """Return what the conditions of all resources of these kinds say."""
        path = "{.status.conditions[*].message}"
        return " ".join(said for kind in kinds for said in self.each(kind, path, selector=selector))

    def packages(self) -> dict[str, PackageState]:
        """Return what the cluster says of each package, by its name."""
        columns = (
            *("{.kind}", "{.metadata.name}", "{.spec.package}"),
            *(condition("Installed"), condition("Healthy"), "{.status.currentRevision}"),
        )
        rows = (row for kind in KINDS for row in self.each(kind, "\t".join(columns)))
        states = (PackageState(*row.split("\t")) for row in rows)
        return {state.name: state for state in states}

    def healthy(self, names: Iterable[str]) -> None:
        """Return when these packages are installed and healthy."""
        wanted = sorted(names)

        def missing() -> str | None:
            states = self.packages()
            lacking = [name for name in wanted if not _well(states.get(name))]
            return ", ".join(lacking)

        until(missing, f"healthy: {', '.join(wanted)}")

    def gone(self, *resources: str) -> None:
        """Return when these resources are no more."""
        until(
            lambda: " ".join(each for each in resources if self.read(each, "{.kind}")),
            f"gone: {', '.join(resources)}",
        )

    def becomes(self, resource: str, path: str, value: str) -> None:
        """Return when a JSONPath of a resource has a value."""

        def missing() -> str | None:
            found = self.read(resource, path)
            return None if found == value else f"it is {found!r}"

        until(missing, f"{resource} {path} is {value!r}")

    def ready(self, resource: str) -> None:
        """Return when a resource has the condition Ready."""
        self.becomes(resource, condition("Ready"), "True")

    def all_ready(self, count: int, selector: str = "") -> None:
        """Return when there are so many pods, and all of them are ready."""

        def missing() -> str | None:
            found = self.each("pods", condition("Ready"), selector=selector)
            return None if found == ["True"] * count else f"they are {found}"

        until(missing, f"{count} pods are ready")

    def made_anew(self, package: str, definition: str) -> None:
        """Return when Crossplane has read a Configuration once more, and made its API anew.

        A condition may be left from before; an API that was deleted must come from the package.

        Args:
            package: The name of the Configuration.
            definition: The name of a CompositeResourceDefinition in it.
        """
        resource = f"compositeresourcedefinitions.apiextensions.crossplane.io/{definition}"
        uid = self.read(resource, "{.metadata.uid}")
        self.kubectl("delete", resource, "--wait=false")
        until(
            lambda: "still there" if self.read(resource, "{.metadata.uid}") == uid else None,
            f"deleted: {definition}",
        )
        revision = self.packages()[package].revision
        # Not every release watches what a package has made.
        mark = f"e2e.example.org/made-anew={uid}"
        self.kubectl("annotate", "--overwrite", f"{REVISIONS[0]}/{revision}", mark)
        self.becomes(resource, condition("Established"), "True")

    def apply(self, manifests: str) -> None:
        """Apply manifests, as a user does."""
        self.kubectl("apply", INSIDE, "--filename=-", stdin=manifests)

    def pods(self) -> list[str]:
        """Return the names of the pods of Crossplane that are not on their way out."""
        columns = "{.metadata.name} {.metadata.deletionTimestamp}"
        rows = [row.split() for row in self.each("pods", columns, selector=CORE)]
        return sorted(row[0] for row in rows if len(row) == 1)

    def copier(self) -> str:
        """Return what the copier of the only pod of Crossplane said, or why that is not known."""
        logs = ("logs", "deployment/crossplane", INSIDE, "--container=devcache-copier")
        ended = self.kubectl.ended(*logs)
        return ended.stdout or ended.stderr


def _well(state: PackageState | None) -> bool:
    return state is not None and state.installed == "True" and state.healthy == "True"
