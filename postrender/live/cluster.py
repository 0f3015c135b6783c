"""Requests to the API server: objects as plain values, and its refusals as errors of the user's."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, cast

import httpx2
from lightkube import ApiError, Client, KubeConfig
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

_PATIENCE = 10.0
"""Seconds for an answer."""

MANAGER = "crossplane-devcache"
"""The field manager of what no release has: Helm leaves it alone."""


class ConflictError(Exception):
    """Somebody else has changed the object since it was read."""


class UnreachableError(DevcacheError):
    """The API server does not answer."""


class Cluster:
    """One namespace of a cluster, and what is in none.

    Attributes:
        namespace: The namespace.
        title: What error messages call it.
    """

    def __init__(self, context: str, namespace: str) -> None:
        """Read the kubeconfig; the API server is cluster later.

        Args:
            context: The context, or "" for the current one.
            namespace: The namespace.

        Raises:
            DevcacheError: There is no such context.
        """
        chosen = kubeconfig.choose(context)
        self.namespace = namespace
        self.title = f"context {chosen.context}, namespace {namespace}"
        self._server = chosen.server
        with self._explained():
            self._client = Client(
                config=KubeConfig.from_dict(chosen.config),
                namespace=namespace,
                proxy=chosen.proxy or None,
                timeout=httpx2.Timeout(_PATIENCE),
            )

    def get(self, kind: Kind, called: str) -> Object | None:
        """Return an object, or None when it, or its kind, is not there."""
        try:
            with self._explained():
                return dict(self._client.get(_resource(kind), called))
        except _NotFoundError:
            return None

    def labelled(
        self, kind: Kind, labels: Mapping[str, str], but: Mapping[str, str] | None = None
    ) -> list[Object]:
        """Return the objects with these labels; none when their kind is not there.

        Args:
            kind: Their kind.
            labels: The labels.
            but: Labels that they do not have.
        """
        unequal = {key: not_equal(value) for key, value in (but or {}).items()}
        try:
            with self._explained():
                listed = self._client.list(_resource(kind), labels={**labels, **unequal})
                return [dict(value) for value in listed]
        except _NotFoundError:
            return []

    def apply(self, kind: Kind, wanted: Object, manager: str) -> Object:
        """Apply an object server-side, whole, as a field manager that takes every field over.

        Raises:
            ConflictError: It has a resourceVersion, and the object another one.
            DevcacheError: The cluster has no such kind.
        """
        try:
            with self._explained():
                return dict(
                    self._client.patch(
                        _resource(kind),
                        kinds.name(wanted),
                        wanted,
                        patch_type=PatchType.APPLY,
                        field_manager=manager,
                        force=True,
                    )
                )
        except _NotFoundError:
            problem = f"the cluster knows no {kind.kind} of {kind.api_version}"
            hint = "is its Crossplane the one that the release was rendered for?"
            raise DevcacheError(problem, where=self.title, hint=hint) from None

    def patch(self, kind: Kind, called: str, patch: Object, *, status: bool = False) -> None:
        """Merge a patch into an object, or into its status, if it is there.

        Raises:
            ConflictError: The patch has a resourceVersion, and the object another one.
        """
        resource = _resource(kind).Status if status else _resource(kind)
        with suppress(_NotFoundError), self._explained():
            self._client.patch(
                resource, called, patch, patch_type=PatchType.MERGE, field_manager=MANAGER
            )

    def annotate(self, kind: Kind, called: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of an object, if it is there and nobody else is just changing it."""
        with suppress(ConflictError):
            self.patch(kind, called, {"metadata": {"annotations": dict(annotations)}})

    def delete(self, kind: Kind, called: str) -> None:
        """Delete an object, if it is there."""
        with suppress(_NotFoundError), self._explained():
            self._client.delete(_resource(kind), called)

    def log(self, pod: str, container: str) -> list[str]:
        """Return the lines of a container's log; none before it has started, or without it."""
        try:
            with self._explained():
                return list(self._client.log(pod, container=container, newlines=False))
        except (_NotFoundError, _BadRequestError):
            return []

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise self._refusal(error.status.code, _first_line(error)) from error
        except ConfigError as error:
            problem = f"the kubeconfig: {_first_line(error)}"
            raise DevcacheError(problem, where=self.title) from error
        except httpx2.HTTPStatusError as error:  # in its own words, or those of a proxy
            code = error.response.status_code
            raise self._refusal(code, f"status {code}") from error
        except (httpx2.HTTPError, OSError) as error:
            problem = f"the API server {self._server} does not answer: {_first_line(error)}"
            hint = "is it the cluster that you mean? --context names another"
            raise UnreachableError(problem, hint=hint) from error
        except (ImportError, LookupError, ValueError, httpx2.InvalidURL) as error:
            # What the client does not know of a kubeconfig, of an exec plugin's answer, or of one
            # that no API server gives. Its text may hold a credential.
            problem = f"the kubeconfig leads to something unknown: {type(error).__name__}"
            hint = "does `kubectl version` work? exec plugins must give a token, proxies be http(s)"
            raise DevcacheError(problem, where=self.title, hint=hint) from error

    def _refusal(self, code: int | None, message: str) -> Exception:
        """Return what becomes of a refusal: the expected ones are told apart, others explained."""
        if code == _NOT_FOUND:
            return _NotFoundError()
        if code == _CONFLICT:
            return ConflictError()
        if code is not None and (code == _TOO_MANY or code >= _BROKEN):
            problem = f"the API server {self._server} cannot answer now: {message}"
            return UnreachableError(problem, where=self.title)
        problem, hint = f"the API server refuses: {message}", ""
        if code == _FORBIDDEN:
            problem = f"not permitted: {message}"
            hint = "docs/inner-loop.md has a Role and a ClusterRole with all that is needed"
        elif code == _UNAUTHORIZED:
            problem = "the API server does not accept the credentials of the kubeconfig"
        elif code == _TOO_LARGE or "must have at most" in message or "Too long" in message:
            problem = "too large for a push"
            hint = "bring it in by helm upgrade, or leave it to a registry"
        kind = _BadRequestError if code == _BAD_REQUEST else DevcacheError
        return kind(problem, where=self.title, hint=hint)


class _NotFoundError(Exception):
    """There is no such object."""


class _BadRequestError(DevcacheError):
    """The API server finds no sense in the request; a log that there is not is one, too."""


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


@cache
def _resource(kind: Kind) -> type[GenericNamespacedResource]:
    create = create_namespaced_resource if kind.namespaced else create_global_resource
    # The client asks either kind of class in the same way; its types do not say so.
    return cast(
        "type[GenericNamespacedResource]",
        create(kind.group, kind.version, kind.kind, kind.plural),
    )
