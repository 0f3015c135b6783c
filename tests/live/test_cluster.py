"""What the user is told when the cluster refuses, or is not there."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.errors import DevcacheError
from postrender.live import kinds
from postrender.live import kubeconfig as reading
from postrender.live.cluster import Cluster, ConflictError, UnreachableError
from postrender.live.kinds import CONFIG_MAPS, PODS
from tests.shared.fake_cluster import kubeconfig, served, status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain


@contextmanager
def api_server(code: int, body: Plain) -> Iterator[str]:
    """An API server that has one answer to all requests."""
    with served(lambda *_: (code, body)) as server:
        yield server


def config(name: str = "one", *, server: str = "http://127.0.0.1:1", **user: Plain) -> Plain:
    return kubeconfig(server, name, **user)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    return Configured(tmp_path, monkeypatch)


class Configured:
    """Sets KUBECONFIG."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(self, *configs: Plain) -> None:
        paths = [self.folder / f"config{number}" for number in range(len(configs))]
        for path, each in zip(paths, configs, strict=True):
            path.write_text(yaml.safe_dump(each))
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
        pytest.param(422, "no such field", "refuses: no such field", id="anything-else"),
    ],
)
def test_a_refusal_is_told_in_its_words(
    configured: Configured, code: int, message: str, problem: str
) -> None:
    with api_server(*status(code, message)) as server:
        configured(config(server=server))
        with pytest.raises(DevcacheError) as refused:
            Cluster("", "here").patch(PODS, "a", {})
    assert problem in refused.value.problem
    assert refused.value.where == "context one, namespace here"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        pytest.param(*status(404, "not found"), id="object"),
        pytest.param(404, "404 page not found", id="kind"),
    ],
)
def test_what_is_not_there_is_no_error(configured: Configured, code: int, body: Plain) -> None:
    with api_server(code, body) as server:
        configured(config(server=server))
        asked = Cluster("", "here")
        assert asked.get(PODS, "a") is None
        assert asked.labelled(PODS, {}) == []
        assert asked.log("a", "b") == []
        asked.annotate(PODS, "a", {"b": "c"})


def test_a_container_that_has_not_started_has_no_log(configured: Configured) -> None:
    waiting = 'container "devcache-live" in pod "a" is waiting to start: PodInitializing'
    with api_server(*status(400, waiting)) as server:
        configured(config(server=server))
        assert Cluster("", "here").log("a", "devcache-live") == []


def test_a_pod_without_the_sidecar_has_no_log(configured: Configured) -> None:
    with api_server(*status(400, "container devcache-live is not valid for pod a")) as server:
        configured(config(server=server))
        assert Cluster("", "here").log("a", "devcache-live") == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_passes_is_told_apart(configured: Configured, code: int) -> None:
    with api_server(*status(code, "too busy")) as server:
        configured(config(server=server))
        with pytest.raises(UnreachableError, match="cannot answer now: too busy"):
            Cluster("", "here").get(PODS, "a")


def test_an_annotation_gives_way_to_somebody_else(configured: Configured) -> None:
    with api_server(*status(409, "the object has been modified")) as server:
        configured(config(server=server))
        Cluster("", "here").annotate(PODS, "a", {"b": "c"})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": {"clientCertificateData": "secret"}}, id="no-token"),
        pytest.param("secret, and no JSON", id="no-json"),
    ],
)
def test_what_an_exec_plugin_answers_is_never_shown(configured: Configured, answer: Plain) -> None:
    command: dict[str, Plain] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": [answer if isinstance(answer, str) else json.dumps(answer)],
    }
    configured(config(token=None, exec=command))
    with pytest.raises(DevcacheError, match="leads to something unknown") as refused:
        Cluster("", "here").get(PODS, "a")
    assert "secret" not in f"{refused.value.problem} {refused.value.hint}"


def test_a_change_by_somebody_else_is_told_apart(configured: Configured) -> None:
    with api_server(*status(409, "the object has been modified")) as server:
        configured(config(server=server))
        with pytest.raises(ConflictError):
            Cluster("", "here").apply(CONFIG_MAPS, {"metadata": {"name": "a"}}, "helm")


def test_no_answer_names_the_server(configured: Configured) -> None:
    configured(config())
    with pytest.raises(UnreachableError, match=r"http://127.0.0.1:1 does not answer"):
        Cluster("", "here").get(PODS, "a")


def test_an_answer_that_is_none_is_told(configured: Configured) -> None:
    with api_server(502, "bad gateway") as server:
        configured(config(server=server))
        with pytest.raises(UnreachableError, match="502"):
            Cluster("", "here").get(PODS, "a")


def test_there_must_be_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(DevcacheError, match="there is no kubeconfig at"):
        reading.choose("")


@pytest.mark.parametrize(
    ("context", "chosen"),
    [
        pytest.param("", "one", id="the-first-file-says"),
        pytest.param("two", "two", id="in-another-file"),
    ],
)
def test_all_files_of_KUBECONFIG_count(  # noqa: N802  # the name of the variable
    configured: Configured, context: str, chosen: str
) -> None:
    configured(config("one", server="https://one"), config("two", server="https://two"))
    found = reading.choose(context)
    assert (found.context, found.server) == (chosen, f"https://{chosen}")


def test_what_the_context_needs_must_be_there(configured: Configured) -> None:
    configured(config())
    with pytest.raises(DevcacheError, match='no context "three"'):
        reading.choose("three")


def of(found: reading.Chosen, plural: str, singular: str) -> dict[str, Plain]:
    items = found.config[plural]
    assert isinstance(items, list)
    assert isinstance(items[0], dict)
    value = items[0][singular]
    assert isinstance(value, dict)
    return value


def test_paths_are_relative_to_their_file(configured: Configured) -> None:
    configured(config(**{"client-certificate": "jane.crt"}))
    user = of(reading.choose(""), "users", "user")
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
    user = of(reading.choose(""), "users", "user")
    assert user["exec"]["command"] == expected.format(folder=configured.folder)  # type: ignore[index, call-overload]


def test_a_name_for_tls_is_refused_rather_than_ignored(configured: Configured) -> None:
    named = config()
    named["clusters"][0]["cluster"]["tls-server-name"] = "other"  # type: ignore[index, call-overload]
    configured(named)
    with pytest.raises(DevcacheError, match=r"cluster\.tls-server-name is not supported"):
        reading.choose("")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_the_proxy_of_the_kubeconfig_is_asked(configured: Configured, scheme: str) -> None:
    proxied = config(server="http://192.0.2.1")
    proxied["clusters"][0]["cluster"]["proxy-url"] = f"{scheme}://127.0.0.1:1"  # type: ignore[index, call-overload]
    configured(proxied)
    with pytest.raises(UnreachableError, match=r"http://192.0.2.1 does not answer.*refused"):
        Cluster("", "here").get(PODS, "a")


def test_a_proxy_is_used(configured: Configured) -> None:
    proxied = config()
    proxied["clusters"][0]["cluster"]["proxy-url"] = "http://proxy:3128"  # type: ignore[index, call-overload]
    configured(proxied)
    assert reading.choose("").proxy == "http://proxy:3128"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_exec_credentials_are_run(configured: Configured, version: str) -> None:
    token = json.dumps({"status": {"token": "secret"}})
    script = f"echo \"$KUBERNETES_EXEC_INFO\" >'{configured.folder}/info'; echo '{token}'"
    command: dict[str, Plain] = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": "sh",
        "args": ["-c", script],
        "env": [{"name": "A", "value": "b"}],
        "interactiveMode": "Never",
    }
    with api_server(*status(404, "not found")) as server:
        configured(config(server=server, token=None, exec=command))
        assert Cluster("", "here").get(PODS, "a") is None
    info = json.loads((configured.folder / "info").read_text())
    assert info["apiVersion"] == f"client.authentication.k8s.io/{version}"


@pytest.mark.parametrize(
    ("fields", "manager"),
    [
        pytest.param({"f:data": {"f:index": {}}}, "helm4", id="the-maker-of-the-field"),
        pytest.param({"f:data": {"f:other": {}}}, "helm", id="nobody"),
    ],
)
def test_the_field_manager_is_who_made_the_object(fields: Plain, manager: str) -> None:
    one: kinds.Object = {"metadata": {"managedFields": [{"manager": "helm4", "fieldsV1": fields}]}}
    assert kinds.manager(one, "data", "index") == manager
