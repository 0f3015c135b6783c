"""What the API server says, on a connection that stays: a kubectl for each look takes its time."""

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

logging.getLogger("httpx2").setLevel(logging.WARNING)  # what is waited for is told, not each look

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Asks for a list of metadata."""


@dataclass(frozen=True)
class Kind:
    """Where resources of a kind are."""

    root: str
    """Such as /api/v1 or /apis/apps/v1."""

    plural: str
    is_namespaced: bool

    def path(self, name: str, namespace: str) -> str:
        """Return the path of a resource, or of all if no name, or no namespace, is given."""
        inside = f"/namespaces/{namespace}" if self.is_namespaced and namespace else ""
        return f"{self.root}{inside}/{self.plural}/{name}".removesuffix("/")


class ApiServer:
    """The API server of a cluster, asked by its administrator."""

    def __init__(self, url: str, keys: Path, kubectl: Program) -> None:
        """Take its URL, the folder of the cluster's certificates, and who knows the kinds."""
        trust = ssl.create_default_context(cafile=keys / "ca.crt")
        trust.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        self._client = httpx2.Client(base_url=url, verify=trust, timeout=PATIENCE, trust_env=False)
        self._kubectl = kubectl
        self._kinds: dict[str, Kind] = {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, resource: str, namespace: str) -> Plain:
        """Return a resource, as for `kubectl get`: `deployment/crossplane`; None if there is none.

        Args:
            resource: Its kind and its name.
            namespace: Its namespace, if it has one.
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
        """Return all resources of a kind; a kind that is not served yet has none.

        Args:
            kind: As for `kubectl get`: `pods`, or `configurations.pkg.crossplane.io`.
            namespace: Their namespace, if they have one; "" for all.
            selector: Which labels they must have.
            fields: Which fields, such as `reason=Evicted`.
            metadata_only: Whether no more is wanted: hundreds of CRDs are tens of megabytes.
        """
        query = {"labelSelector": selector, "fieldSelector": fields}
        accept = METADATA if metadata_only else "application/json"
        found = self._answer(kind, "", namespace, accept, query)
        listed = found.get("items") if isinstance(found, dict) else None
        return listed if isinstance(listed, list) else []

    def _answer(
        self, kind: str, name: str, namespace: str, accept: str, query: dict[str, str]
    ) -> Plain:
        if kind not in self._kinds:  # there are more with each CRD
            self._kinds = dict(self._served())
        if kind not in self._kinds:
            return None
        path = self._kinds[kind].path(name, namespace)
        request = self._client.build_request("GET", path, params=query, headers={"Accept": accept})
        try:
            answer = self._client.send(request)
        except httpx2.TransportError:  # such as that it has closed the connection just now
            answer = self._client.send(request)
        found: Plain = answer.json() if answer.is_success else None
        return found

    def _served(self) -> Iterator[tuple[str, Kind]]:
        """Yield each kind under each of its names; of one name, the last is what it means."""
        rows = self._kubectl.ended("api-resources", "--no-headers").stdout.splitlines()
        for row in reversed(rows):
            plural, *short, version, is_namespaced, kind = row.split()
            group, _, _ = version.rpartition("/")
            found = Kind(
                f"/apis/{version}" if group else f"/api/{version}", plural, is_namespaced == "true"
            )
            for name in (plural, kind.lower(), *",".join(short).split(",")):
                yield name, found
                yield f"{name}.{group}", found


def said(template: str, found: Plain) -> str:
    """Return a template with what is found, as `kubectl get --output=jsonpath` prints it.

    Args:
        template: Text with JSONPaths in braces, such as `{.metadata.name} {.metadata.uid}`.
        found: Where they look.
    """
    return re.sub(r"\{(\.[^{}]*)\}", lambda path: _all(path[1], found), template)


def _all(path: str, found: Plain) -> str:
    values = jsonpath.findall(f"${path}", found)
    return " ".join(each if isinstance(each, str) else json.dumps(each) for each in values)
