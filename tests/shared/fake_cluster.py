"""An API server on loopback; behind it a kubelet, sidecars and a Crossplane that react at once."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import lzma
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from postrender import labels
from postrender.crossplane import references
from postrender.crossplane.target import Target
from postrender.live.kinds import PODS, fields, items, name, resource_version
from postrender.payload import contents
from postrender.release import objects
from tests.shared import live_release
from tests.shared.live_release import DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.fields import Fields
    from postrender.live.kinds import Object
    from postrender.manifests.nodes import Plain

    Response = tuple[int, Plain]

CONFIG_MAP = ("configmaps", "crossplane-devcache")
DEPLOYMENT = ("deployments", "crossplane")
PACKAGES = ("configurations", "functions", "providers")


def status(code: int, message: str) -> Response:
    return code, {"apiVersion": "v1", "kind": "Status", "code": code, "message": message}


class FakeCluster:
    """What a release in live mode is in a cluster.

    Attributes:
        objects: The objects, by resource and name.
        logs: What the sidecar of each pod has said.
        read: The content that Crossplane has read of each package, as sha256.
        asked_registry: The packages that Crossplane did not find in its cache.
        refused: What the API server refuses: verb and resource, with status and message.
        unknown: Resources that have no CRD.
        lagging: Pods that load nothing.
        rejected: Contents that Crossplane does not take.
        requests: How many there were.
        before: Called before each request with its number, from 1.
    """

    def __init__(self, *declared: PackageDeclaration, version: Version, pods: int = 1) -> None:
        self.target = Target.of(version, where="the test")
        self.objects: dict[tuple[str, str], Object] = {}
        self.logs: dict[str, list[str]] = {}
        self.read: dict[str, str] = {}
        self.asked_registry: list[str] = []
        self.refused: dict[tuple[str, str], tuple[int, str]] = {}
        self.unknown: set[str] = set()
        self.lagging: set[str] = set()
        self.rejected: dict[str, str] = {}
        self.requests = 0
        self.before: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()
        self._changes = 0
        self._owned: dict[tuple[tuple[str, str], str], set[tuple[str, str]]] = {}
        self._poked: dict[str, str] = {}
        self._install(declared, version)
        for number in range(1, pods + 1):
            self.start_pod(f"crossplane-{number}")

    def _install(self, declared: tuple[PackageDeclaration, ...], version: Version) -> None:
        placed = live_release.placed(*declared, version=version)
        release = live_release.of(*declared, version=version)
        self.apply(CONFIG_MAP, dict(release.config_map), "helm")
        containers: list[Plain] = [{"name": "devcache-live", "restartPolicy": "Always"}]
        pod: Plain = {"spec": {"initContainers": containers}}
        selector: Plain = {"matchLabels": dict(release.selector)}
        spec: Plain = {"replicas": 1, "selector": selector, "template": pod}
        self._store(DEPLOYMENT, {"metadata": {"name": "crossplane"}, "spec": spec})
        for one in objects.of_release(placed, self.target, "1"):
            self.apply((f"{str(one['kind']).lower()}s", name(one)), one, "helm")

    def start_pod(self, called: str) -> None:
        """Add a pod that has loaded what the ConfigMap holds."""
        metadata: Plain = {"name": called, "labels": {"app": "crossplane"}}
        self.logs[called] = []
        self._store((PODS.plural, called), {"metadata": metadata, "status": {"phase": "Running"}})
        self._load(called)
        self._react()

    def helm_upgrade(self, *declared: PackageDeclaration, version: Version) -> None:
        """Do what `helm upgrade` does: apply the release again, and replace the pods."""
        for called in list(self.logs):
            del self.objects[PODS.plural, called], self.logs[called]
        self._install(declared, version)
        self.start_pod("crossplane-9")

    def replace(self, key: tuple[str, str], one: Object) -> None:
        """Put an object in the place of another one."""
        self._store(key, one)
        self._react()

    def data(self, key: str) -> str:
        """Return what the ConfigMap has under a key, or ""."""
        return fields(self.objects[CONFIG_MAP]).under("data").text(key)

    # What the API server does.

    def answer(self, verb: str, path: str, body: Object, manager: str) -> Response:
        """Answer a request."""
        with self._lock:
            self.requests += 1
            number = self.requests
        self.before(number)
        with self._lock:
            split = urlsplit(path)
            parts = split.path.strip("/").split("/")
            if "namespaces" in parts:
                del parts[parts.index("namespaces") : parts.index("namespaces") + 2]
            parts = parts[2:] if parts[0] == "api" else parts[3:]
            resource, called, sub = [*parts, "", ""][:3]
            if refusal := self.refused.get((verb, resource)):
                return status(*refusal)
            if resource in self.unknown:
                return 404, "404 page not found"
            if verb == "list":
                selectors = parse_qs(split.query).get("labelSelector", [""])[0]
                return self._listed(resource, selectors)
            return self._one(verb, (resource, called), sub, body, manager)

    def _one(
        self, verb: str, key: tuple[str, str], sub: str, body: Object, manager: str
    ) -> Response:
        present = self.objects.get(key)
        expected = resource_version(body) if body else ""
        if verb == "apply":
            if expected and (present is None or expected != resource_version(present)):
                return status(409, "the object has been modified")
            self.apply(key, body, manager)
        elif present is None:
            return status(404, "not found")
        elif verb == "delete":
            del self.objects[key]
            self._react()
            return 200, {"kind": "Status", "status": "Success"}
        elif verb == "patch":
            if expected and expected != resource_version(present):
                return status(409, "the object has been modified")
            self._store(key, _merged(present, body))
            self._react()
        elif sub == "log":
            return 200, "".join(f"{line}\n" for line in self.logs[key[1]])
        return 200, self.objects[key]

    def _listed(self, resource: str, selectors: str) -> Response:
        found: list[Plain] = []
        for (kind, _), one in sorted(self.objects.items()):
            labels = fields(one).under("metadata").under("labels")
            wanted = [each.partition("=") for each in filter(None, selectors.split(","))]
            if kind == resource and all(
                (labels.text(key.rstrip("!")) == value) != key.endswith("!")
                for key, _, value in wanted
            ):
                found.append(dict(one))
        return 200, {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": found}

    def apply(self, key: tuple[str, str], wanted: Object, manager: str) -> None:
        """Apply an object server-side: what the manager had and does not mention any more goes."""
        present = dict(self.objects.get(key, {}))
        for part in ("data", "binaryData"):
            held = dict(fields(present).under(part).values)
            given = fields(wanted).under(part).values
            for owned in self._owned.get((key, manager), set()):
                if owned[0] == part and owned[1] not in given:
                    held.pop(owned[1], None)
            if held or given:
                present[part] = {**held, **given}
        self._owned[key, manager] = {
            (part, each)
            for part in ("data", "binaryData")
            for each in fields(wanted).under(part).values
        }
        rest = {each: value for each, value in wanted.items() if each not in {"data", "binaryData"}}
        stored = _merged(present, rest)
        if "spec" in wanted:
            stored["spec"] = _defaulted(fields(wanted).under("spec"))
        fields_v1: Plain = {"f:data": {"f:index": {}}, "f:spec": {}}
        managed: Plain = [{"manager": "helm", "fieldsV1": fields_v1}]
        metadata = {**fields(stored).under("metadata").values, "managedFields": managed}
        self._store(key, {**stored, "metadata": metadata})
        self._react()

    def _store(self, key: tuple[str, str], one: Object) -> None:
        self._changes += 1
        metadata = {**fields(one).under("metadata").values, "resourceVersion": str(self._changes)}
        self.objects[key] = {**one, "metadata": metadata}

    # What kubelet, the sidecars and Crossplane do.

    def _react(self) -> None:
        for called in self.logs:
            metadata = fields(self.objects[PODS.plural, called]).under("metadata")
            poked = metadata.under("annotations").text(labels.PUSHED)
            if poked != self._poked.get(called, "") and called not in self.lagging:
                self._poked[called] = poked
                self._load(called)
        for resource in PACKAGES:
            for kind, called in list(self.objects):
                if kind == resource:
                    self._reconcile(kind, called)

    def _load(self, called: str) -> None:
        held = fields(self.objects[CONFIG_MAP])
        for line in (self.data(contents.INDEX) + self.data(contents.PUSHED_INDEX)).splitlines():
            packed_sum, content, key, path = line.split()
            packed = base64.b64decode(held.under("binaryData").text(key))
            assert hashlib.sha256(packed).hexdigest() == packed_sum, "the ConfigMap is a mixture"
            assert hashlib.sha256(lzma.decompress(packed)).hexdigest() == content
            said = f"loaded {key.partition('.')[0]} -> {path} {content}"
            if self._cached(called).get(path) != content:
                self.logs[called].append(said)

    def _cached(self, called: str) -> dict[str, str]:
        loaded = [line.split() for line in self.logs[called]]
        return {path: content for _, _, _, path, content in loaded}

    def _reconcile(self, kind: str, called: str) -> None:
        if not self.logs:
            return  # no pod of Crossplane runs
        package = self.objects[kind, called]
        reference = references.parse(fields(package).under("spec").text("package"), where="")
        digest = "sha256:"
        if self.target.uses_image_configs:
            config = fields(self.objects[("imageconfigs", f"devcache-{called}")])
            digest = config.under("spec").under("rewriteImage").text("prefix").partition("@")[2]
        caches = [self._cached(pod) for pod in self.logs]
        content = next(
            filter(None, (one.get(self.target.cache_key(reference, digest)) for one in caches)), ""
        )
        revision = f"{called}-{digest[7:19]}" if digest != "sha256:" else f"{called}-registry-exa"
        key = (f"{kind[:-1]}revisions", revision)
        if not content:
            self.asked_registry.append(called)
            said = [condition("Installed", "False", "cannot unpack package")]
        else:
            is_well = self._read(key, called, content)
            said = [condition("Installed", "True"), condition("Healthy", is_well)]
        resolved = f"{reference.source}@{digest}"
        state: Plain = {
            "currentRevision": revision if content else "",
            "resolvedPackage": resolved,
            "conditions": said,
        }
        if package.get("status") != state:
            self._store((kind, called), {**package, "status": state})

    def _read(self, key: tuple[str, str], called: str, content: str) -> str:
        """Have Crossplane read a package for its revision, if that is new or was touched."""
        before = self.objects.get(key)
        if before:
            [reading] = items(fields(before).under("status").values["conditions"])
            if reading.text("status") != "Unknown":
                if self.target.uses_image_configs:
                    self.read[called] = content
                return reading.text("status")
        refusal = self.rejected.get(content, "")
        self.read[called] = content
        said = condition("RevisionHealthy", "False" if refusal else "True", refusal)
        metadata: Plain = {"name": key[1]}
        self._store(key, {"metadata": metadata, "status": {"conditions": [said]}})
        return "False" if refusal else "True"


def condition(kind: str, state: str, message: str = "") -> dict[str, Plain]:
    return {"type": kind, "status": state, "reason": "Tested", "message": message}


def _defaulted(spec: Fields) -> Object:
    """Return a spec with what the CRDs of packages default."""
    runtime = spec.under("runtimeConfigRef").values
    if not runtime:
        return dict(spec.values)
    defaults = {"apiVersion": "pkg.crossplane.io/v1beta1", "kind": "DeploymentRuntimeConfig"}
    return {**spec.values, "runtimeConfigRef": {**defaults, **runtime}}


def _merged(below: Object, above: Object) -> Object:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if value is None:
            merged.pop(key, None)
            continue
        merged[key] = (
            _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


@contextmanager
def served(answer: Callable[[str, str, Object, str], Response]) -> Iterator[str]:
    """Serve what `answer` returns, and give the address. `ConnectionError` closes it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self, verb: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body: Object = json.loads(self.rfile.read(length) or b"{}")
            manager = parse_qs(urlsplit(self.path).query).get("fieldManager", [""])[0]
            try:
                code, value = answer(verb, self.path, body, manager)
            except ConnectionError:
                self.close_connection = True
                return
            content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(code)
            kind = "text/plain" if isinstance(value, str) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            named = path.rsplit("/", 1)[-1] not in RESOURCES
            self._answer("get" if named else "list")

        def do_PATCH(self) -> None:
            kind = self.headers["Content-Type"]
            self._answer("apply" if "apply" in kind else "patch")

        def do_DELETE(self) -> None:
            self._answer("delete")

        def log_message(self, format: str, *args: str) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        # It speaks no TLS: to load the machine's certificates would be half of a command's work.
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", os.devnull)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


RESOURCES = {
    *("configmaps", "pods", "deployments", "imageconfigs", "deploymentruntimeconfigs"),
    *PACKAGES,
    *(f"{one[:-1]}revisions" for one in PACKAGES),
}


def kubeconfig(server: str, name: str = "one", **user: Plain) -> dict[str, Plain]:
    """Return a kubeconfig of one context."""
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {"token": "t", **user}}],
    }


@contextmanager
def released(
    folder: Path, *declared: PackageDeclaration, version: Version = DIGEST, pods: int = 1
) -> Iterator[FakeCluster]:
    """A cluster with a release of these packages, and a kubeconfig of it in the environment."""
    cluster = FakeCluster(*declared, version=version, pods=pods)
    with served(cluster.answer) as server, pytest.MonkeyPatch.context() as patch:
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(kubeconfig(server)))
        patch.setenv("KUBECONFIG", str(file))
        yield cluster
