"""The cluster that kubeconfig names: files, context and credentials, as kubectl reads them.

lightkube knows one file, exec credentials of v1beta1, and no proxy-url; the rest is done here.
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

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Fields with paths, relative to their own file; so is an exec command that is a path."""

_EXEC = "client.authentication.k8s.io"


@dataclass(frozen=True)
class Chosen:
    """One context of the kubeconfig.

    Attributes:
        config: A kubeconfig of that context alone, as lightkube takes it.
        context: The context's name.
        server: The API server's address.
        proxy: The proxy that leads to it, or "" for what the environment says.
    """

    config: dict[str, Plain]
    context: str
    server: str
    proxy: str


def choose(context: str) -> Chosen:
    """Return the chosen context.

    Args:
        context: Its name, or "" for the current one.

    Raises:
        DevcacheError: There is no kubeconfig, or not what the context needs.
    """
    kubeconfigs = list(_files())
    where = ", ".join(files.title(path) for path, _ in kubeconfigs)
    name = context or next(
        filter(None, (one.text("current-context") for _, one in kubeconfigs)), ""
    )
    if not name:
        problem = "the kubeconfig has no current context"
        raise DevcacheError(problem, where=where, hint="name one with --context")
    chosen = _item(kubeconfigs, "contexts", "context", name, where)
    cluster = _item(kubeconfigs, "clusters", "cluster", chosen.text("cluster"), where)
    user = _item(kubeconfigs, "users", "user", chosen.text("user"), where)
    if cluster.text("tls-server-name"):
        raise cluster.refusal("tls-server-name", "is not supported by push, watch and status")
    config: dict[str, Plain] = {
        "current-context": name,
        "contexts": [{"name": name, "context": chosen.values}],
        "clusters": [{"name": chosen.text("cluster"), "cluster": cluster.values}],
        "users": [{"name": chosen.text("user"), "user": _executable(user, cluster)}],
    }
    return Chosen(config, name, cluster.text("server"), cluster.text("proxy-url"))


def _files() -> Iterator[tuple[Path, Fields]]:
    """Yield the files of KUBECONFIG that are there; the first one that has a name counts."""
    listed = os.environ.get("KUBECONFIG") or _DEFAULT
    paths = [Path(one).expanduser() for one in listed.split(os.pathsep) if one]
    present = [path for path in paths if path.is_file()]
    if not present:
        problem = f"there is no kubeconfig at {', '.join(files.title(path) for path in paths)}"
        raise DevcacheError(problem, hint="set KUBECONFIG to the file of your cluster")
    for path in present:
        where = files.title(path)
        yield path, Fields.of(nodes.plain(files.text(path), where=where), path="it", where=where)


def _item(
    kubeconfigs: list[tuple[Path, Fields]], plural: str, singular: str, name: str, where: str
) -> Fields:
    for path, one in kubeconfigs:
        items = one.values.get(plural)
        for item in items if isinstance(items, list) else []:
            fields = Fields.of(item, path=plural, where=files.title(path))
            if fields.text("name") == name:
                return _with_absolute_paths(fields.under(singular), path)
    problem = f"the kubeconfig has no {singular} {quoted(name)}"
    raise DevcacheError(problem, where=where)


def _with_absolute_paths(fields: Fields, path: Path) -> Fields:
    values = dict(fields.values)
    for key in _FILES:
        if fields.text(key):
            values[key] = str(path.absolute().parent / fields.text(key))
    command = fields.under("exec").text("command")
    if "/" in command:
        values["exec"] = {
            **fields.under("exec").values,
            "command": str(path.absolute().parent / command),
        }
    return Fields(values, fields.path, fields.where)


def _executable(user: Fields, cluster: Fields) -> dict[str, Plain]:
    """Return a user whose exec credentials lightkube runs: v1 answers the same token as v1beta1."""
    command = user.under("exec")
    version = command.text("apiVersion")
    if not version.startswith(f"{_EXEC}/"):
        return user.values
    info = {
        "apiVersion": version,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": cluster.text("server")}},
    }
    listed = command.values.get("env")
    more = {"name": "KUBERNETES_EXEC_INFO", "value": json.dumps(info)}
    environment = [*(listed if isinstance(listed, list) else []), more]
    return {
        **user.values,
        "exec": {**command.values, "apiVersion": f"{_EXEC}/v1beta1", "env": environment},
    }
