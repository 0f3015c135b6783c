"""The examples for Argo CD and Flux: their fields, and what they say about each other."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.declared import devcache
from postrender.fields import Fields
from postrender.release.chart import CROSSPLANE
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from tests.shared.command import Command

ARGOCD, FLUX = ROOT / "examples" / "argocd", ROOT / "examples" / "flux"

MANIFESTS = [
    *sorted(ARGOCD.glob("application*.yaml")),
    *(ARGOCD / "plugin" / "plugin.yaml", ARGOCD / "plugin" / "repo-server.yaml"),
    *(FLUX / "kustomizations.yaml", FLUX / "helmrelease" / "release.yaml"),
]

VALUES = {
    ARGOCD: ("--objects", "--config=devcache.yaml"),
    FLUX / "helmrelease": ("--config=devcache.yaml",),
}
"""The options of `values` in each folder with its output, as the README.md has them."""

APPLICATION = {
    *("project", "destination.server", "destination.namespace"),
    *(
        f"{source}.{field}"
        for source in ("source", "sources")
        for field in (
            *("repoURL", "chart", "targetRevision", "path", "ref"),
            *("helm.releaseName", "helm.valueFiles"),
            *("plugin.name", "plugin.env.name", "plugin.env.value"),
        )
    ),
    *("syncPolicy.automated.prune", "syncPolicy.automated.selfHeal", "syncPolicy.syncOptions"),
}

CONTAINER = (
    *("name", "image", "command", "securityContext.runAsNonRoot", "securityContext.runAsUser"),
    *("volumeMounts.name", "volumeMounts.mountPath"),
)

FIELDS = {
    # Argo CD 3.1, manifests/crds/application-crd.yaml.
    ("argoproj.io/v1alpha1", "Application"): APPLICATION,
    # Argo CD 3.1, cmpserver/plugin/config.go: it is no resource of a cluster.
    ("argoproj.io/v1alpha1", "ConfigManagementPlugin"): {"generate.command", "generate.args"},
    ("apps/v1", "Deployment"): {
        *(f"template.spec.containers.{field}" for field in CONTAINER),
        *("template.spec.volumes.name", "template.spec.volumes.emptyDir"),
    },
    # kustomize-controller 1.10, api/v1/kustomization_types.go.
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"): {
        *("dependsOn.name", "interval", "sourceRef.kind", "sourceRef.name", "path", "prune"),
        *("wait", "deletionPolicy"),
        *(f"healthCheckExprs.{field}" for field in ("apiVersion", "kind", "current")),
    },
    # source-controller 1.10, api/v1.
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"): {"interval", "url", "ref.tag"},
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"): {"interval", "url"},
    # helm-controller 1.7, api/v2/helmrelease_types.go.
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"): {
        *("interval", "releaseName", "targetNamespace", "install.createNamespace"),
        *("chart.spec.chart", "chart.spec.version"),
        *("chart.spec.sourceRef.kind", "chart.spec.sourceRef.name"),
        *("valuesFrom.kind", "valuesFrom.name", "valuesFrom.valuesKey"),
    },
}
"""The fields of `spec` that the examples may use, for each kind."""


def leaves(tree: Plain, path: str = "") -> Iterator[str]:
    """Yield the dotted paths of the values in a tree, without the positions in lists."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list) and isinstance(tree[0], dict):
        for item in tree:
            yield from leaves(item, path)
    else:
        yield path


def documents(path: Path) -> list[Fields]:
    """Return the documents of a file."""
    texts = yaml.safe_load_all(path.read_text())
    return [Fields.of(document, path="document", where=path.name) for document in texts]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_manifests_have_only_fields_of_their_kind(path: Path) -> None:
    for document in documents(path):
        fields = FIELDS[document.text("apiVersion"), document.text("kind")]
        assert set(leaves(document.under("spec").values)) <= fields
        assert set(document.under("metadata").values) <= {"name", "namespace", "finalizers"}


@pytest.mark.parametrize("folder", VALUES, ids=lambda folder: folder.name)
def test_the_values_are_those_of_the_command(
    folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    run = command("values", *VALUES[folder])
    committed = (folder / "crossplane-values.yaml").read_text()
    assert unpacked(run.stdout) == unpacked(committed)
    readme = "\n".join(path.read_text() for path in (ARGOCD / "README.md", FLUX / "README.md"))
    options = " ".join(VALUES[folder]).replace("=", " ")
    assert f"cd {folder.relative_to(ROOT)}\ncrossplane-devcache values {options} > " in readme


def unpacked(values: str) -> str:
    """Return values with each packed package unpacked, because the bytes depend on zlib."""
    text = re.sub("crossplane-devcache-[0-9a-f]{16}", "crossplane-devcache-name", values)
    return re.sub("H4sI[A-Za-z0-9+/=]+", lambda m: gzip.decompress(b64decode(m[0])).decode(), text)


@pytest.mark.parametrize("folder", [ARGOCD, FLUX], ids=lambda folder: folder.name)
def test_the_documents_declare_the_same_packages(folder: Path) -> None:
    declared = devcache.load((folder / "devcache.yaml").read_text(), where="devcache.yaml")
    assert declared.argocd is (folder == ARGOCD)
    assert {package.name for package in declared.packages} == {"platform", "acme-network"}
    assert all((folder / package.path).exists() for package in declared.packages)


def test_the_applications_name_files_of_this_repository_and_the_plugin() -> None:
    [plugin] = documents(ARGOCD / "plugin" / "plugin.yaml")
    [application] = documents(ARGOCD / "application-plugin.yaml")
    source = application.under("spec").under("source")
    name = plugin.under("metadata").text("name")
    assert source.under("plugin").text("name") == name
    assert ROOT / source.text("path") == ARGOCD
    text = (ARGOCD / "application.yaml").read_text()
    [values] = re.findall(r"\$repository/(\S+)", text)
    assert (ROOT / values).exists()
    [copied] = re.findall(r"COPY (\S+) /home", (ARGOCD / "plugin" / "Dockerfile").read_text())
    assert ROOT / copied == ARGOCD / "plugin" / "plugin.yaml"


def test_the_kustomizations_name_the_folders_of_the_script() -> None:
    script = (FLUX / "render.sh").read_text()
    _, core, packages = documents(FLUX / "kustomizations.yaml")
    for document in (core, packages):
        assert f"rendered/{document.under('spec').text('path').removeprefix('./')}" in script
    depends = packages.under("spec").values["dependsOn"]
    assert depends == [{"name": core.under("metadata").text("name")}]


def test_the_release_reads_the_generated_config_map() -> None:
    [generated] = documents(FLUX / "helmrelease" / "kustomization.yaml")
    _, release = documents(FLUX / "helmrelease" / "release.yaml")
    name, key = "crossplane-values", "values.yaml"
    assert generated.values["configMapGenerator"] == [
        {"name": name, "files": [f"{key}={name}.yaml"]}
    ]
    values = {"kind": "ConfigMap", "name": name, "valuesKey": key}
    assert release.under("spec").values["valuesFrom"] == [values]


def test_the_examples_install_the_version_of_our_chart() -> None:
    files = (*MANIFESTS, FLUX / "render.sh")
    text = "\n".join(path.read_text() for path in files)
    pins = re.findall(r"(?:targetRevision|version): ([0-9.]+)|crossplane-([0-9.]+)\.tgz", text)
    assert {"".join(pin) for pin in pins} == {CROSSPLANE}
    assert len(pins) == 4
