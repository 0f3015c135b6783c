"""Sends requests to the API server. Objects are plain values; refusals become user errors."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, cast

import httpx2
from lightkube import ApiError, Client, KubeConfig
from lightkube.config import client_adapter
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import (
    GenericNamespacedResource,
    create_global_resource,
    create_namespaced_resource,
)
from lightkube.operators import not_equal
from lightkube.types import PatchType

from postrender.errors import DevcacheError
from postrender.live import kinds, kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postrender.live.kinds import Kind, Object

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 400, 401, 403, 404
_CONFLICT, _TOO_LARGE, _TOO_MANY, _BROKEN = 409, 413, 429, 500

_TIMEOUT = 10.0
"""Seconds until a request without an answer fails."""

MANAGER = "crossplane-devcache"
"""The field manager of the fields that are in no release, so that Helm does not change them."""


class ConflictError(Exception):
    """The object has changed since it was read."""


class UnreachableError(DevcacheError):
    """The API server does not answer."""


class Cluster:
    """One namespace of a cluster, and its cluster-scoped objects.

    Attributes:
        namespace: The namespace.
        context: The name of the context.
        minikube_profile: The profile of minikube that runs the cluster, or "".
        loader: A command that loads an image archive from stdin into the nodes, or "" for the one
            of the context.
        title: The context and the namespace, for error messages.
    """

    def __init__(self, context: str, namespace: str, loader: str = "") -> None:
        """Read the kubeconfig, without a request to the API server.

        Args:
            context: The context, or "" for the current one.
            namespace: The namespace.
            loader: See `loader`.

        Raises:
            DevcacheError: There is no such context.
        """
        current = kubeconfig.read(context)
        self.namespace = namespace
        self.context = current.name
        self.minikube_profile = current.minikube_profile
        self.loader = loader
        self.title = f"context {current.name}, namespace {namespace}"
        self._server = current.server
        timeout, proxy = httpx2.Timeout(_TIMEOUT), current.proxy or None
        with self._user_errors():
            config = KubeConfig.from_dict(current.config).get()
            self._client = Client(config=config, namespace=namespace, proxy=proxy, timeout=timeout)
            parameters = client_adapter.ConnectionParams(timeout=timeout, proxy=proxy)
            self._http = client_adapter.Client(self._client.config, parameters)

    def version(self) -> tuple[int, int]:
        """Return the version of Kubernetes, e.g. (1, 34)."""
        with self._user_errors():
            response = self._http.get("/version")
            response.raise_for_status()
            parts = [re.sub("[^0-9].*", "", response.json()[key]) for key in ("major", "minor")]
            return int(parts[0]), int(parts[1])

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None if the object or its kind does not exist.

        Args:
            kind: The kind of the object.
            name: Its name.
            namespace: Its namespace, or "" for the namespace of the release.
        """
        try:
            with self._user_errors():
                return dict(self._client.get(_resource(kind), name, namespace=_in(kind, namespace)))
        except _NotFoundError:
            return None

    def select(
        self, kind: Kind, labels: Mapping[str, str], without: Mapping[str, str] | None = None
    ) -> list[Object]:
        """Return the objects with certain labels, or an empty list if their kind does not exist.

        Args:
            kind: The kind of the objects.
            labels: The labels that they have.
            without: The labels that they do not have.
        """
        unequal = {key: not_equal(value) for key, value in (without or {}).items()}
        try:
            with self._user_errors():
                values = self._client.list(_resource(kind), labels={**labels, **unequal})
                return [dict(value) for value in values]
        except _NotFoundError:
            return []

    def events(self, kind: str, name: str) -> list[Object]:
        """Return the events about a cluster-scoped object, which are in the namespace `default`."""
        with self._user_errors():
            events = self._client.list(
                _resource(kinds.EVENTS),
                namespace="default",
                fields={"involvedObject.kind": kind, "involvedObject.name": name},
            )
            return [dict(event) for event in events]

    def everywhere(self, kind: Kind, labels: Mapping[str, str] | None = None) -> list[Object]:
        """Return the objects of a kind in all namespaces, or none if the kind does not exist.

        Args:
            kind: The kind of the objects.
            labels: The labels that they have.
        """
        try:
            with self._user_errors():
                values = self._client.list(
                    _resource(kind), namespace=_in(kind, "*"), labels=dict(labels or {})
                )
                return [dict(value) for value in values]
        except _NotFoundError:
            return []

    def create(self, kind: Kind, manifest: Object) -> bool:
        """Create an object; return false if it exists."""
        value: Object = {"apiVersion": kind.api_version, "kind": kind.kind, **manifest}
        try:
            with self._user_errors():
                self._client.create(_resource(kind).from_dict(value), field_manager=MANAGER)
        except ConflictError:
            return False
        return True

    def apply(self, kind: Kind, manifest: Object, manager: str) -> Object:
        """Apply a manifest server-side, and force the ownership of its fields.

        Args:
            kind: The kind of the object.
            manifest: All fields that the field manager sets. Server-side apply removes the fields
                that the manager owned before and that the manifest lacks.
            manager: The field manager.

        Returns:
            The object after the request.

        Raises:
            ConflictError: The manifest has another resourceVersion than the object.
            DevcacheError: The cluster has no such kind.
        """
        try:
            with self._user_errors():
                return dict(
                    self._client.patch(
                        _resource(kind),
                        kinds.name(manifest),
                        manifest,
                        patch_type=PatchType.APPLY,
                        field_manager=manager,
                        force=True,
                    )
                )
        except _NotFoundError:
            problem = f"the cluster does not have the kind {kind.kind} of {kind.api_version}"
            hint = "check that its Crossplane has the version that the release was rendered for"
            raise DevcacheError(problem, where=self.title, hint=hint) from None

    def patch(
        self, kind: Kind, name: str, patch: Object, namespace: str = "", *, status: bool = False
    ) -> None:
        """Merge a patch into an object, or into its status, if the object exists.

        Args:
            kind: The kind of the object.
            name: Its name.
            patch: The patch.
            namespace: Its namespace, or "" for the namespace of the release.
            status: Whether the patch changes the status.

        Raises:
            ConflictError: The patch has another resourceVersion than the object.
        """
        resource = _resource(kind).Status if status else _resource(kind)
        with suppress(_NotFoundError), self._user_errors():
            self._client.patch(
                resource,
                name,
                patch,
                patch_type=PatchType.MERGE,
                field_manager=MANAGER,
                namespace=_in(kind, namespace),
            )

    def annotate(self, kind: Kind, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of an object, if it exists and nobody else is changing it."""
        with suppress(ConflictError):
            self.patch(kind, name, {"metadata": {"annotations": dict(annotations)}})

    def delete(self, kind: Kind, name: str, namespace: str = "") -> None:
        """Delete an object, if it exists; see `get`."""
        with suppress(_NotFoundError), self._user_errors():
            self._client.delete(_resource(kind), name, namespace=_in(kind, namespace))

    def log(self, pod: str, container: str) -> list[str]:
        """Return the lines of a container's log, or an empty list if it has not started."""
        try:
            with self._user_errors():
                return list(self._client.log(pod, container=container, newlines=False))
        except (_NotFoundError, _BadRequestError):
            return []

    @contextmanager
    def _user_errors(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise self._refusal(error.status.code, _first_line(error)) from error
        except ConfigError as error:
            problem = f"cannot use the kubeconfig: {_first_line(error)}"
            raise DevcacheError(problem, where=self.title) from error
        except httpx2.HTTPStatusError as error:  # an answer without a Status, e.g. from a proxy
            code = error.response.status_code
            raise self._refusal(code, f"status {code}") from error
        except (httpx2.HTTPError, OSError) as error:
            problem = f"the API server {self._server} does not answer: {_first_line(error)}"
            hint = "check the cluster, or select another one with --context"
            raise UnreachableError(problem, hint=hint) from error
        except (ImportError, LookupError, ValueError, httpx2.InvalidURL) as error:
            # lightkube cannot read the kubeconfig, or the answer of an exec plugin or the
            # server. The error's text may contain a credential, so only its type is shown.
            problem = f"the client cannot use this kubeconfig: {type(error).__name__}"
            hint = "try `kubectl version`; exec plugins must return tokens, and proxies use http(s)"
            raise DevcacheError(problem, where=self.title, hint=hint) from error

    def _refusal(self, code: int | None, message: str) -> Exception:
        """Return the error for an HTTP status, either for callers to catch or for the user."""
        if code == _NOT_FOUND:
            return _NotFoundError()
        if code == _CONFLICT:
            return ConflictError()
        if code is not None and (code == _TOO_MANY or code >= _BROKEN):
            problem = f"the API server {self._server} cannot answer now: {message}"
            return UnreachableError(problem, where=self.title)
        problem, hint = f"the API server refuses the request: {message}", ""
        if code == _FORBIDDEN:
            problem = f"not permitted: {message}"
            hint = "docs/inner-loop.md has a Role and a ClusterRole with all required permissions"
        elif code == _UNAUTHORIZED:
            problem = "the API server does not accept the credentials of the kubeconfig"
        elif code == _TOO_LARGE or "must have at most" in message or "Too long" in message:
            problem = "too large for a push"
            hint = "install it with helm upgrade, or serve it from a registry"
        kind = _BadRequestError if code == _BAD_REQUEST else DevcacheError
        return kind(problem, where=self.title, hint=hint)


class _NotFoundError(Exception):
    """The object does not exist."""


class _BadRequestError(DevcacheError):
    """The API server rejects the request, e.g. for a log that does not exist yet."""


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _in(kind: Kind, namespace: str) -> str | None:
    """Return the namespace of a request; None selects that of the client, or none at all."""
    return namespace if kind.namespaced and namespace else None


@cache
def _resource(kind: Kind) -> type[GenericNamespacedResource]:
    create = create_namespaced_resource if kind.namespaced else create_global_resource
    # The client accepts both classes in the same way, but its type hints do not.
    return cast(
        "type[GenericNamespacedResource]",
        create(kind.group, kind.version, kind.kind, kind.plural),
    )
