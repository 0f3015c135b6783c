"""Reads a context of the kubeconfig, with its cluster and credentials, as kubectl does.

lightkube supports only one file, only exec credentials of v1beta1, and no proxy-url. This module
supports all of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender.declared import files
from postrender.errors import DevcacheError, quoted
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.manifests.nodes import Plain

_DEFAULT = "~/.kube/config"

_PATH_FIELDS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""The fields with a path relative to their file. The path of an exec command is relative, too."""

_EXEC = "client.authentication.k8s.io"

_MINIKUBE = "minikube.sigs.k8s.io"
"""The provider in the extension that minikube adds to a cluster."""


@dataclass(frozen=True)
class Context:
    """A context of the kubeconfig.

    Attributes:
        config: A kubeconfig of this context alone, in the form that lightkube reads.
        name: The name of the context.
        server: The address of the API server.
        proxy: The proxy to the API server, or "" for the proxy that the environment sets.
        minikube_profile: The profile of minikube that runs the cluster, or "".
    """

    config: dict[str, Plain]
    name: str
    server: str
    proxy: str
    minikube_profile: str


def read(context: str) -> Context:
    """Return a context of the kubeconfig.

    Args:
        context: Its name, or "" for the current context.

    Raises:
        DevcacheError: There is no kubeconfig, or it lacks the context, its cluster or its user.
    """
    kubeconfigs = list(_files())
    where = ", ".join(files.title(path) for path, _ in kubeconfigs)
    current = (fields.text("current-context") for _, fields in kubeconfigs)
    name = context or next(filter(None, current), "")
    if not name:
        problem = "the kubeconfig has no current context"
        raise DevcacheError(problem, where=where, hint="select one with --context")
    names = _item(kubeconfigs, "contexts", "context", name, where)
    cluster = _item(kubeconfigs, "clusters", "cluster", names.text("cluster"), where)
    user = _item(kubeconfigs, "users", "user", names.text("user"), where)
    if cluster.text("tls-server-name"):
        raise cluster.refusal("tls-server-name", "is not supported by push, watch and status")
    config: dict[str, Plain] = {
        "current-context": name,
        "contexts": [{"name": name, "context": names.values}],
        "clusters": [{"name": names.text("cluster"), "cluster": cluster.values}],
        "users": [{"name": names.text("user"), "user": _with_exec(user, cluster)}],
    }
    profile = names.text("cluster") if _is_minikube(cluster) else ""
    return Context(config, name, cluster.text("server"), cluster.text("proxy-url"), profile)


def _is_minikube(cluster: Fields) -> bool:
    """Return whether minikube wrote the cluster, under the name of its profile."""
    items = cluster.values.get("extensions")
    extensions = [
        item.get("extension")
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]
    return any(
        isinstance(extension, dict) and extension.get("provider") == _MINIKUBE
        for extension in extensions
    )


def _files() -> Iterator[tuple[Path, Fields]]:
    """Yield the existing files of KUBECONFIG in order; the first of several equal names counts."""
    variable = os.environ.get("KUBECONFIG") or _DEFAULT
    expanded = os.path.expanduser  # Path.expanduser fails without a home
    paths = [Path(expanded(text)) for text in variable.split(os.pathsep) if text]
    existing = [path for path in paths if _exists(path)]
    if not existing:
        problem = f"there is no kubeconfig at {', '.join(files.title(path) for path in paths)}"
        raise DevcacheError(problem, hint="set KUBECONFIG to the kubeconfig of your cluster")
    for path in existing:
        where = files.title(path)
        yield path, Fields.of(nodes.plain(files.text(path), where=where), path="it", where=where)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    return True


def _item(
    kubeconfigs: list[tuple[Path, Fields]], plural: str, singular: str, name: str, where: str
) -> Fields:
    for path, kubeconfig in kubeconfigs:
        items = kubeconfig.values.get(plural)
        for item in items if isinstance(items, list) else []:
            fields = Fields.of(item, path=plural, where=files.title(path))
            if fields.text("name") == name:
                return _with_absolute_paths(fields.under(singular), path)
    problem = f"the kubeconfig has no {singular} {quoted(name)}"
    raise DevcacheError(problem, where=where)


def _with_absolute_paths(fields: Fields, path: Path) -> Fields:
    values = dict(fields.values)
    for key in _PATH_FIELDS:
        if fields.text(key):
            values[key] = str(path.absolute().parent / fields.text(key))
    command = fields.under("exec").text("command")
    if "/" in command:
        values["exec"] = {
            **fields.under("exec").values,
            "command": str(path.absolute().parent / command),
        }
    return Fields(values, fields.path, fields.where)


def _with_exec(user: Fields, cluster: Fields) -> dict[str, Plain]:
    """Return a user whose exec plugin lightkube can run: v1 and v1beta1 return the same token."""
    command = user.under("exec")
    version = command.text("apiVersion")
    if not version.startswith(f"{_EXEC}/"):
        return user.values
    info = {
        "apiVersion": version,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": cluster.text("server")}},
    }
    env = command.values.get("env")
    variable = {"name": "KUBERNETES_EXEC_INFO", "value": json.dumps(info)}
    variables = [*(env if isinstance(env, list) else []), variable]
    return {
        **user.values,
        "exec": {**command.values, "apiVersion": f"{_EXEC}/v1beta1", "env": variables},
    }
