"""Reads resources from the API server on one connection, because a kubectl per request is slow."""

from __future__ import annotations

import json
import logging
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import jsonpath

from tests.e2e.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.commands import Program
    from tests.shared.programs import Plain

logging.getLogger("httpx2").setLevel(logging.WARNING)  # do not log each request

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""The media type of a list of metadata."""


@dataclass(frozen=True)
class Kind:
    """The place of the resources of a kind in the API."""

    root: str
    """The path of the API group, such as /api/v1 or /apis/apps/v1."""

    plural: str
    is_namespaced: bool

    def path(self, name: str, namespace: str) -> str:
        """Return the path of a resource; an empty name or namespace means all of them."""
        inside = f"/namespaces/{namespace}" if self.is_namespaced and namespace else ""
        return f"{self.root}{inside}/{self.plural}/{name}".removesuffix("/")


class ApiServer:
    """A client of the API server with the administrator's credentials."""

    def __init__(self, url: str, keys: Path, kubectl: Program) -> None:
        """Create a client.

        Args:
            url: The URL of the API server.
            keys: The folder of the certificates of the cluster.
            kubectl: The kubectl that lists the kinds.
        """
        trust = ssl.create_default_context(cafile=keys / "ca.crt")
        trust.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        self._client = httpx2.Client(base_url=url, verify=trust, timeout=PATIENCE, trust_env=False)
        self._kubectl = kubectl
        self._kinds: dict[str, Kind] = {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, resource: str, namespace: str) -> Plain:
        """Return a resource, or None if it does not exist.

        Args:
            resource: The kind and the name, as for `kubectl get`: `deployment/crossplane`.
            namespace: The namespace, if the resource is namespaced.
        """
        kind, _, name = resource.partition("/")
        return self._answer(kind, name, namespace, "application/json", {})

    def items(
        self,
        kind: str,
        namespace: str,
        *,
        selector: str = "",
        fields: str = "",
        metadata_only: bool = False,
    ) -> list[Plain]:
        """Return all resources of a kind; a kind that is not served yet has no resources.

        Args:
            kind: The kind, as for `kubectl get`: `pods`, or `configurations.pkg.crossplane.io`.
            namespace: The namespace of the resources; "" for all namespaces.
            selector: A label selector.
            fields: A field selector, such as `reason=Evicted`.
            metadata_only: Whether to read the metadata only: hundreds of CRDs have tens of
                megabytes.
        """
        query = {"labelSelector": selector, "fieldSelector": fields}
        accept = METADATA if metadata_only else "application/json"
        document = self._answer(kind, "", namespace, accept, query)
        items = document.get("items") if isinstance(document, dict) else None
        return items if isinstance(items, list) else []

    def _answer(
        self, kind: str, name: str, namespace: str, accept: str, query: dict[str, str]
    ) -> Plain:
        if kind not in self._kinds:  # each CRD adds a kind
            self._kinds = dict(self._served())
        if kind not in self._kinds:
            return None
        path = self._kinds[kind].path(name, namespace)
        request = self._client.build_request("GET", path, params=query, headers={"Accept": accept})
        try:
            answer = self._client.send(request)
        except httpx2.TransportError:  # e.g. the server has just closed the connection
            answer = self._client.send(request)
        document: Plain = answer.json() if answer.is_success else None
        return document

    def _served(self) -> Iterator[tuple[str, Kind]]:
        """Yield each kind under each of its names; the last kind of a name takes precedence."""
        rows = self._kubectl.run("api-resources", "--no-headers").stdout.splitlines()
        for row in reversed(rows):
            plural, *short, version, is_namespaced, kind = row.split()
            group, _, _ = version.rpartition("/")
            resource_kind = Kind(
                f"/apis/{version}" if group else f"/api/{version}", plural, is_namespaced == "true"
            )
            for name in (plural, kind.lower(), *",".join(short).split(",")):
                yield name, resource_kind
                yield f"{name}.{group}", resource_kind


def fill(template: str, document: Plain) -> str:
    """Replace the JSONPaths in a template by values, as `kubectl get --output=jsonpath` does.

    Args:
        template: A text with JSONPaths in braces, such as `{.metadata.name} {.metadata.uid}`.
        document: The document with the values.
    """
    return re.sub(r"\{(\.[^{}]*)\}", lambda path: _all(path[1], document), template)


def _all(path: str, document: Plain) -> str:
    values = jsonpath.findall(f"${path}", document)
    return " ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
