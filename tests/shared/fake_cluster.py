"""A cluster with a release in live mode: kubelet, sidecars and Crossplane react at once.

They follow the documented behaviour of Crossplane (docs/cache.md; crossplane v2.1.3 and
crossplane-runtime v2.3.3, xpkg/name.go), and share no code with the program under test. Only the
manifests of the release come from the filter, because Helm would apply those.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import posixpath
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.shared import api_http, live_release
from tests.shared.api_server import ApiServer, mapping, text, value
from tests.shared.live_release import DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.manifests.nodes import Plain
    from tests.shared.api_server import Key, Object

CONFIG_MAP = ("configmaps", "crossplane-devcache")
DEPLOYMENT = ("deployments", "crossplane")
PACKAGES = ("configurations", "functions", "providers")


class FakeCluster(ApiServer):
    """A cluster with a release in live mode.

    Attributes:
        logs: The lines of each sidecar's log, by pod.
        read: The sha256 of the package.yaml that Crossplane read last, by package.
        registry_requests: The packages that Crossplane did not find in its cache.
        lagging: The pods whose sidecars load nothing.
        refused_contents: The message with which Crossplane refuses a content, by its sha256.
        rejected_apis: The message with which the API server rejects the CRD of a content's
            definition, by the sha256 of the content.
    """

    def __init__(self, *declared: PackageDeclaration, version: Version, pods: int = 1) -> None:
        super().__init__()
        self.logs: dict[str, list[str]] = {}
        self.read: dict[str, str] = {}
        self.registry_requests: list[str] = []
        self.lagging: set[str] = set()
        self.refused_contents: dict[str, str] = {}
        self.rejected_apis: dict[str, str] = {}
        self._keyed_by_digest = version >= (2, 2)
        self._annotations: dict[str, Object] = {}
        self._files: dict[str, dict[str, str]] = {}
        self._unlisted: dict[str, set[str]] = {}
        self._revision_contents: dict[Key, str] = {}
        self._install(declared, version)
        for number in range(1, pods + 1):
            self.start_pod(f"crossplane-{number}")

    def _install(self, declared: tuple[PackageDeclaration, ...], version: Version) -> None:
        """Apply the manifests of a release as Helm does."""
        container: Plain = {"name": "devcache-live", "restartPolicy": "Always"}
        template: Plain = {"spec": {"initContainers": [container]}}
        selector: Plain = {"matchLabels": {"app": "crossplane"}}
        spec: Plain = {"replicas": 1, "selector": selector, "template": template}
        self.store(DEPLOYMENT, {"metadata": {"name": DEPLOYMENT[1]}, "spec": spec})
        for manifest in live_release.manifests(*declared, version=version):
            resource = f"{text(manifest, 'kind').lower()}s"
            self.apply((resource, text(manifest, "metadata", "name")), manifest, "helm")

    def start_pod(self, name: str) -> None:
        """Start a pod: its sidecar loads all files, and its Crossplane reads all packages."""
        labels: Plain = {"app": "crossplane"}
        metadata: Plain = {"name": name, "labels": labels}
        self.store(("pods", name), {"metadata": metadata, "status": {"phase": "Running"}})
        self.logs[name], self._files[name], self._unlisted[name] = [], {}, set()
        self._load(name)
        self._revision_contents.clear()
        self.react()

    def delete_pod(self, name: str) -> None:
        """Delete a pod and its cache."""
        del self.objects["pods", name], self.logs[name], self._files[name]

    def helm_upgrade(self, *declared: PackageDeclaration, version: Version) -> None:
        """Apply the manifests of the release again, and replace its pods."""
        for name in list(self.logs):
            self.delete_pod(name)
        self._install(declared, version)
        self.start_pod("crossplane-9")

    def data(self, key: str) -> str:
        """Return the text of a key of the ConfigMap, or ""."""
        return text(self.objects[CONFIG_MAP], "data", key)

    def log(self, pod: str) -> str:
        """Return the log of a pod's sidecar."""
        return "".join(f"{line}\n" for line in self.logs[pod])

    def react(self) -> None:
        """Synchronize the pods whose annotations have changed, and reconcile the packages."""
        for name in self.logs:
            annotations = mapping(self.objects["pods", name], "metadata", "annotations")
            if annotations != self._annotations.get(name, {}) and name not in self.lagging:
                self._annotations[name] = annotations
                self._load(name)
        for resource, name in list(self.objects):
            if resource in PACKAGES and self.logs:
                self._reconcile(resource, name)

    def _load(self, pod: str) -> None:
        """Load the files of the indexes; unload files that two consecutive rounds do not list."""
        files, binary = self._files[pod], mapping(self.objects[CONFIG_MAP], "binaryData")
        paths = set()
        for line in (self.data("index") + self.data("pushed")).splitlines():
            packed_sum, content, key, path = line.split()
            packed = base64.b64decode(text(binary, key))
            assert hashlib.sha256(packed).hexdigest() == packed_sum, "the ConfigMap is a mixture"
            assert hashlib.sha256(lzma.decompress(packed)).hexdigest() == content
            paths.add(path)
            if files.get(path) != content:
                files[path] = content
                self.logs[pod].append(f"loaded {key.partition('.')[0]} -> {path} {content}")
        for path in sorted(self._unlisted[pod] - paths):
            del files[path]
            self.logs[pod].append(f"unloaded {path}")
        self._unlisted[pod] = files.keys() - paths

    def _reconcile(self, resource: str, name: str) -> None:
        """Resolve a package, and read it for its revision."""
        package = self.objects[resource, name]
        reference = text(package, "spec", "package")
        image = self._rewritten(reference) if self._keyed_by_digest else reference
        digest = image.partition("@")[2]
        file, revision = path_key(reference), friendly_id(name, source(reference))
        if self._keyed_by_digest:
            file = digest_key(reference, digest)
            revision = friendly_id(name, digest.removeprefix("sha256:"))
        key = (f"{resource.removesuffix('s')}revisions", revision)
        state: Object = {"currentRevision": revision, "resolvedPackage": image}
        if self._has_read(key) or self._read(key, file):
            self.read[name] = self._revision_contents[key]
            health = text(self._read_condition(key), "status")
            state["conditions"] = [condition("Installed", "True"), condition("Healthy", health)]
        else:
            self.registry_requests.append(name)
            message = "cannot unpack package"
            state["currentRevision"] = ""
            state["conditions"] = [condition("Installed", "False", message)]
        if package.get("status") != state:
            self.store((resource, name), {**package, "status": state})
        self._run(text(package, "spec", "runtimeConfigRef", "name"), revision)

    def _run(self, config: str, revision: str) -> None:
        """Replace the pod of a revision if a DeploymentRuntimeConfig names another image."""
        spec = value(self.objects.get(("deploymentruntimeconfigs", config)), "spec")
        path = ("deploymentTemplate", "spec", "template", "spec", "containers")
        containers = value(spec, *path)
        key = ("pods", f"{revision}-pod")
        if containers and value(self.objects.get(key), "spec", "containers") != containers:
            labels: Object = {"pkg.crossplane.io/revision": revision}
            metadata: Object = {"name": key[1], "labels": labels}
            status_: Object = {"phase": "Running", "conditions": [condition("Ready", "True")]}
            pod: Object = {"containers": containers}
            self.store(key, {"metadata": metadata, "spec": pod, "status": status_})

    def _rewritten(self, reference: str) -> str:
        """Return a reference with the longest prefix rewritten that an ImageConfig matches."""
        rewrites = {}
        for (resource, _), config in self.objects.items():
            images = value(config, "spec", "matchImages")
            if resource == "imageconfigs" and isinstance(images, list):
                for image in images:
                    prefix = text(image, "prefix")
                    rewrites[prefix] = text(config, "spec", "rewriteImage", "prefix")
        prefix = max(filter(reference.startswith, rewrites), key=len, default="")
        return rewrites.get(prefix, "") + reference.removeprefix(prefix)

    def _has_read(self, key: Key) -> bool:
        """Return whether Crossplane has read the package of a revision since its last change."""
        is_reset = text(self._read_condition(key), "status") == "Unknown"
        return key in self.objects and key in self._revision_contents and not is_reset

    def _read_condition(self, key: Key) -> Plain:
        conditions = value(self.objects.get(key), "status", "conditions")
        return conditions[0] if isinstance(conditions, list) else None

    def _read(self, key: Key, file: str) -> bool:
        """Read a file of the cache for a revision; return false if no pod has it."""
        content = next((files[file] for files in self._files.values() if file in files), "")
        if not content:
            return False
        refusal = self.refused_contents.get(content, "")
        result = condition("RevisionHealthy", "False" if refusal else "True", refusal)
        self._revision_contents[key] = content
        revision = self.objects.get(key, {"metadata": {"name": key[1]}})
        definition: Object = {"kind": "CompositeResourceDefinition", "name": f"x{key[1]}"}
        state: Object = {"conditions": [result], "objectRefs": [definition]}
        self.store(key, {**revision, "status": state})
        self._establish(text(definition, "name"), self.rejected_apis.get(content, ""))
        return True

    def _establish(self, name: str, rejection: str) -> None:
        """Create the CRD of a definition, or report by an event that the API server rejects it."""
        reports: list[Plain] = [] if rejection else [condition("Established", "True")]
        definition: Object = {"metadata": {"name": name}, "status": {"conditions": reports}}
        self.store(("compositeresourcedefinitions", name), definition)
        event: Object = {
            "metadata": {"name": f"event-{name}"},
            "involvedObject": {"kind": "CompositeResourceDefinition", "name": name},
            "type": "Warning" if rejection else "Normal",
            "reason": "EstablishComposite",
            "message": rejection or "Applied composite resource CustomResourceDefinition",
        }
        self.store(("events", f"event-{name}"), event)


def source(reference: str) -> str:
    """Return the part of a reference before its digest, or before its tag."""
    name, separator, _ = reference.partition("@")
    head, _, last = reference.rpartition("/")
    return name if separator else f"{head}/{last.partition(':')[0]}".lstrip("/")


def path_key(reference: str) -> str:
    """Return the cache file of a package up to Crossplane 2.1 (xpkg.BuildPath)."""
    return f"{posixpath.splitext(posixpath.normpath(reference))[0]}.gz"


def digest_key(reference: str, digest: str) -> str:
    """Return the cache file of a package from Crossplane 2.2 (xpkg.FriendlyID)."""
    return f"{friendly_id(source(reference), digest)}.gz"


def friendly_id(name: str, hash_: str) -> str:
    """Return up to 50 characters of a name and 12 of a hash as a DNS label (xpkg.FriendlyID)."""
    label = re.sub(r"[.:/]", "-", f"{name[:50]}-{hash_[:12]}")
    return re.sub(r"[^a-z0-9-]", "", label)[:63].strip("-")


def condition(kind: str, state: str, message: str = "") -> Object:
    return {"type": kind, "status": state, "reason": "Tested", "message": message}


@contextmanager
def released(
    folder: Path,
    *declared: PackageDeclaration,
    version: Version = DIGEST,
    pods: int = 1,
    kind: type[FakeCluster] = FakeCluster,
) -> Iterator[FakeCluster]:
    """Run a cluster with a release of packages, and set KUBECONFIG to it."""
    cluster = kind(*declared, version=version, pods=pods)
    with api_http.current_context(cluster.answer, folder):
        yield cluster
