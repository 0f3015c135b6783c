"""Tests of the requests to the API server, and of their errors."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.errors import DevcacheError
from postrender.live import kinds, kubeconfig
from postrender.live.cluster import Cluster, ConflictError, UnreachableError
from postrender.live.kinds import CONFIG_MAPS, PODS
from tests.shared import api_http
from tests.shared.api_server import status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain


@contextmanager
def answering(code: int, body: Plain) -> Iterator[str]:
    """Run an API server that gives the same answer to all requests, and yield its address."""
    with api_http.running(lambda _: (code, body)) as server:
        yield server


def config(name: str = "first", *, server: str = "http://127.0.0.1:1", **user: Plain) -> Plain:
    return api_http.kubeconfig(server, name, **user)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    return Configured(tmp_path, monkeypatch)


class Configured:
    """Writes kubeconfigs, and sets KUBECONFIG to them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(self, *configs: Plain) -> None:
        paths = [self.folder / f"config{number}" for number in range(len(configs))]
        for path, value in zip(paths, configs, strict=True):
            path.write_text(yaml.safe_dump(value))
        self._monkeypatch.setenv("KUBECONFIG", ":".join(map(str, paths)))


FORBIDDEN = 'pods "a" is forbidden: User "jane" cannot patch resource "pods" in API group ""'
LONG = "ConfigMap is invalid: []: Too long: must have at most 1048576 bytes"


@pytest.mark.parametrize(
    ("code", "message", "problem"),
    [
        pytest.param(403, FORBIDDEN, f"not permitted: {FORBIDDEN}", id="verb-and-resource"),
        pytest.param(401, "Unauthorized", "does not accept the credentials", id="credentials"),
        pytest.param(413, "limit is 3145728", "too large for a push", id="request-too-large"),
        pytest.param(422, LONG, "too large for a push", id="object-too-large"),
        pytest.param(422, "no such field", "the request: no such field", id="anything-else"),
    ],
)
def test_a_refusal_has_the_message_of_the_api_server(
    configured: Configured, code: int, message: str, problem: str
) -> None:
    with answering(*status(code, message)) as server:
        configured(config(server=server))
        with pytest.raises(DevcacheError) as refused:
            Cluster("", "here").patch(PODS, "a", {})
    assert problem in refused.value.problem
    assert refused.value.where == "context first, namespace here"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        pytest.param(*status(404, "not found"), id="object"),
        pytest.param(404, "404 page not found", id="kind"),
    ],
)
def test_a_missing_object_is_not_an_error(configured: Configured, code: int, body: Plain) -> None:
    with answering(code, body) as server:
        configured(config(server=server))
        cluster = Cluster("", "here")
        assert cluster.get(PODS, "a") is None
        assert cluster.select(PODS, {}) == []
        assert cluster.log("a", "b") == []
        cluster.annotate(PODS, "a", {"b": "c"})


def test_a_container_that_has_not_started_has_no_log(configured: Configured) -> None:
    waiting = 'container "devcache-live" in pod "a" is waiting to start: PodInitializing'
    with answering(*status(400, waiting)) as server:
        configured(config(server=server))
        assert Cluster("", "here").log("a", "devcache-live") == []


def test_a_pod_without_the_sidecar_has_no_log(configured: Configured) -> None:
    with answering(*status(400, "container devcache-live is not valid for pod a")) as server:
        configured(config(server=server))
        assert Cluster("", "here").log("a", "devcache-live") == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_temporary_failure_is_an_unreachable_server(configured: Configured, code: int) -> None:
    with answering(*status(code, "too busy")) as server:
        configured(config(server=server))
        with pytest.raises(UnreachableError, match="cannot answer now: too busy"):
            Cluster("", "here").get(PODS, "a")


def test_a_conflict_on_an_annotation_is_not_an_error(configured: Configured) -> None:
    with answering(*status(409, "the object has been modified")) as server:
        configured(config(server=server))
        Cluster("", "here").annotate(PODS, "a", {"b": "c"})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": {"clientCertificateData": "secret"}}, id="no-token"),
        pytest.param("secret, and not JSON", id="invalid-json"),
    ],
)
def test_the_answer_of_an_exec_plugin_is_never_shown(configured: Configured, answer: Plain) -> None:
    command: dict[str, Plain] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [answer if isinstance(answer, str) else json.dumps(answer)],
    }
    configured(config(token=None, exec=command))
    with pytest.raises(DevcacheError, match="the client cannot use this kubeconfig") as refused:
        Cluster("", "here").get(PODS, "a")
    assert "secret" not in f"{refused.value.problem} {refused.value.hint}"


def test_a_change_by_somebody_else_is_a_conflict(configured: Configured) -> None:
    with answering(*status(409, "the object has been modified")) as server:
        configured(config(server=server))
        with pytest.raises(ConflictError):
            Cluster("", "here").apply(CONFIG_MAPS, {"metadata": {"name": "a"}}, "helm")


def test_the_error_for_a_server_that_does_not_answer_names_the_server(
    configured: Configured,
) -> None:
    configured(config())
    with pytest.raises(UnreachableError, match=r"http://127.0.0.1:1 does not answer"):
        Cluster("", "here").get(PODS, "a")


def test_an_answer_without_a_status_object_is_an_unreachable_server(configured: Configured) -> None:
    with answering(502, "bad gateway") as server:
        configured(config(server=server))
        with pytest.raises(UnreachableError, match="502"):
            Cluster("", "here").get(PODS, "a")


def test_a_missing_kubeconfig_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(DevcacheError, match="there is no kubeconfig at"):
        kubeconfig.read("")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        pytest.param(
            "~nobody-has-this-name/config", "there is no kubeconfig at ~nobody", id="user"
        ),
        pytest.param("loop", "cannot be read: too many levels of symbolic links", id="link-loop"),
        pytest.param("x" * 300, "cannot be read: file name too long", id="long-name"),
        pytest.param(".", "cannot be read: is a directory", id="directory"),
    ],
)
def test_a_kubeconfig_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, problem: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", path)
    with pytest.raises(DevcacheError, match=problem):
        kubeconfig.read("")


@pytest.mark.parametrize(
    ("context", "name"),
    [
        pytest.param("", "first", id="current-context-of-the-first-file"),
        pytest.param("second", "second", id="in-another-file"),
    ],
)
def test_all_files_of_KUBECONFIG_count(  # noqa: N802  # the name of the variable
    configured: Configured, context: str, name: str
) -> None:
    configured(config("first", server="https://first"), config("second", server="https://second"))
    result = kubeconfig.read(context)
    assert (result.name, result.server) == (name, f"https://{name}")


def test_a_missing_context_is_refused(configured: Configured) -> None:
    configured(config())
    with pytest.raises(DevcacheError, match='no context "third"'):
        kubeconfig.read("third")


MINIKUBE = """\
apiVersion: v1
kind: Config
current-context: {context}
clusters:
- cluster:
    extensions:
    - extension:
        last-update: Thu, 26 Nov 2026 09:12:54 UTC
        provider: minikube.sigs.k8s.io
        version: v1.38.1
      name: cluster_info
    server: https://192.168.49.2:8443
  name: dev
contexts:
- context:
    cluster: dev
    extensions:
    - extension:
        last-update: Thu, 26 Nov 2026 09:12:54 UTC
        provider: minikube.sigs.k8s.io
        version: v1.38.1
      name: context_info
    namespace: default
    user: dev
  name: {context}
users:
- name: dev
  user: {{}}
"""
"""The kubeconfig of `minikube start --profile=dev`, without its certificates."""


@pytest.mark.parametrize("context", ["dev", "kind-dev", "renamed"])
def test_a_profile_of_minikube_is_known_under_any_context(
    configured: Configured, context: str
) -> None:
    configured(yaml.safe_load(MINIKUBE.format(context=context)))
    cluster = Cluster("", "here")
    assert (cluster.context, cluster.minikube_profile) == (context, "dev")


@pytest.mark.parametrize(
    "extensions",
    [
        pytest.param(None, id="none"),
        pytest.param([{"name": "cluster_info", "extension": {"provider": "other"}}], id="others"),
        pytest.param([{"name": "a", "extension": "minikube.sigs.k8s.io"}, "b"], id="another-form"),
    ],
)
def test_other_extensions_name_no_profile(configured: Configured, extensions: Plain) -> None:
    value = config()
    value["clusters"][0]["cluster"]["extensions"] = extensions  # type: ignore[index, call-overload]
    configured(value)
    assert kubeconfig.read("").minikube_profile == ""


def entry(context: kubeconfig.Context, plural: str, singular: str) -> dict[str, Plain]:
    items = context.config[plural]
    assert isinstance(items, list)
    assert isinstance(items[0], dict)
    value = items[0][singular]
    assert isinstance(value, dict)
    return value


def test_paths_are_relative_to_their_file(configured: Configured) -> None:
    configured(config(**{"client-certificate": "jane.crt"}))
    user = entry(kubeconfig.read(""), "users", "user")
    assert user["client-certificate"] == str(configured.folder / "jane.crt")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("./get-token", "{folder}/get-token", id="path"),
        pytest.param("get-token", "get-token", id="on-the-PATH"),
    ],
)
def test_an_exec_command_that_is_a_path_is_relative_to_its_file(
    configured: Configured, command: str, expected: str
) -> None:
    configured(config(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": command}))
    user = entry(kubeconfig.read(""), "users", "user")
    assert user["exec"]["command"] == expected.format(folder=configured.folder)  # type: ignore[index, call-overload]


def test_a_tls_server_name_is_refused(configured: Configured) -> None:
    value = config()
    value["clusters"][0]["cluster"]["tls-server-name"] = "other"  # type: ignore[index, call-overload]
    configured(value)
    with pytest.raises(DevcacheError, match=r"cluster\.tls-server-name is not supported"):
        kubeconfig.read("")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_requests_go_to_the_proxy_of_the_kubeconfig(configured: Configured, scheme: str) -> None:
    value = config(server="http://192.0.2.1")
    value["clusters"][0]["cluster"]["proxy-url"] = f"{scheme}://127.0.0.1:1"  # type: ignore[index, call-overload]
    configured(value)
    with pytest.raises(UnreachableError, match=r"http://192.0.2.1 does not answer.*refused"):
        Cluster("", "here").get(PODS, "a")


def test_the_proxy_is_part_of_the_context(configured: Configured) -> None:
    value = config()
    value["clusters"][0]["cluster"]["proxy-url"] = "http://proxy:3128"  # type: ignore[index, call-overload]
    configured(value)
    assert kubeconfig.read("").proxy == "http://proxy:3128"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_exec_plugin_is_run(configured: Configured, version: str) -> None:
    token = json.dumps({"status": {"token": "secret"}})
    script = f"echo \"$KUBERNETES_EXEC_INFO\" >'{configured.folder}/info'; echo '{token}'"
    command: dict[str, Plain] = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": "sh",
        "args": ["-c", script],
        "env": [{"name": "A", "value": "b"}],
        "interactiveMode": "Never",
    }
    with answering(*status(404, "not found")) as server:
        configured(config(server=server, token=None, exec=command))
        assert Cluster("", "here").get(PODS, "a") is None
    info = json.loads((configured.folder / "info").read_text())
    assert info["apiVersion"] == f"client.authentication.k8s.io/{version}"


@pytest.mark.parametrize(
    ("fields", "manager"),
    [
        pytest.param({"f:data": {"f:index": {}}}, "helm4", id="the-owner-of-the-field"),
        pytest.param({"f:data": {"f:other": {}}}, "helm", id="nobody"),
    ],
)
def test_the_field_manager_is_the_owner_of_the_field(fields: Plain, manager: str) -> None:
    value: kinds.Object = {
        "metadata": {"managedFields": [{"manager": "helm4", "fieldsV1": fields}]}
    }
    assert kinds.manager(value, "data", "index") == manager
