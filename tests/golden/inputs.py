"""Renders the inputs of the golden cases: real charts with real Helm 3 and 4."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from tests.shared.releases import CROSSPLANE

HERE = Path(__file__).parent

CASES: dict[str, tuple[str, ...]] = {
    **{f"crossplane-{line}": (line,) for line in CROSSPLANE},
    "image-registry-with-port": (
        "2.4",
        "--set=image.repository=registry.example.com:5000/crossplane/crossplane",
    ),
    "image-digest": ("2.4", f"--set=image.tag=v2.4.0@sha256:{'0' * 64}"),
    "image-without-tag": ("2.4", "--set=image.ignoreTag=true"),
    "name-override": ("2.4", "--set=nameOverride=xp"),
    "replicas": ("2.4", "--set=replicas=2"),
    "pvc": ("2.4", "--set=packageCache.pvc=cache"),
    "extra-volumes": (
        "2.4",
        "--set=extraVolumesCrossplane[0].name=more",
        "--set=extraVolumesCrossplane[0].emptyDir.medium=Memory",
        "--set=extraVolumeMountsCrossplane[0].name=more",
        "--set=extraVolumeMountsCrossplane[0].mountPath=/more",
    ),
    "annotated-pod": ("2.4", "--set=metrics.enabled=true", "--set=customAnnotations.a=b"),
    "no-webhooks-own-user": (
        "1.20",
        "--set=webhooks.enabled=false",
        "--set=securityContextCrossplane.runAsUser=1234",
        "--set=packageCache.sizeLimit=1.5Gi",
    ),
    "chart-lists-the-same-source": (
        "2.4",
        "--set=configuration.packages={registry.example.com:5000/acme/network:v0.0.9}",
    ),
    "cache-is-a-config-map": ("2.4", "--set=packageCache.configMap=packages"),
    "image-tag-is-no-version": ("2.4", "--set=image.tag=main"),
    "image-tag-is-too-new": ("2.4", "--set=image.tag=v2.5.0"),
    "image-tag-is-too-old": ("1.14", "--set=image.tag=v1.13.2"),
    "image-tag-is-of-another-layout": ("1.18", "--set=image.tag=v1.20.0"),
    "crossplane-version-overrides": ("2.4", "--set=image.tag=main"),
    "no-packages": ("2.4",),
    "live": ("2.4",),
    "live-path": ("1.20",),
    "argocd": ("2.4",),
    "our-chart": ("ours", f"--values={HERE / 'our-chart' / 'values.yaml'}"),
}
"""The line of the upstream chart (or `ours`) and the arguments of Helm, for each case."""


def chart(line: str) -> Path:
    """Return the path of the chart of a case.

    Args:
        line: A line of Crossplane, whose chart is in the folder that CHARTS names, or `ours`.
    """
    if line == "ours":
        return HERE.parents[1] / "charts" / "crossplane-devcache"
    return Path(os.environ["CHARTS"]) / f"crossplane-{CROSSPLANE[line]}.tgz"


def rendered(helm: Path, chart_path: Path, *arguments: str, folder: Path) -> str:
    """Return the manifests that `helm template` passes to a post-renderer.

    Args:
        helm: The path of Helm, of either major version.
        chart_path: The path of the chart.
        *arguments: More arguments, such as values.
        folder: An empty folder for temporary files.
    """
    name = "recorder"
    recorder = folder / name
    recorder.write_text(f"#!/bin/sh\nexec tee '{folder}/stdin'\n")
    recorder.chmod(recorder.stat().st_mode | stat.S_IXUSR)
    # Helm 4 runs a plugin. Helm 3 runs the program itself, and rejects the plugins of Helm 4.
    plugins = folder / "plugins"
    plugin = plugins / name / "plugin.yaml"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text(
        f"apiVersion: v1\ntype: postrenderer/v1\nname: {name}\nversion: 0.1.0\n"
        f"runtime: subprocess\nruntimeConfig:\n  platformCommand:\n  - command: {recorder}\n"
    )
    subprocess.run(
        [
            *(str(helm), "template", "crossplane", str(chart_path)),
            "--namespace=crossplane-system",
            *("--post-renderer", name, *arguments),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ
        | {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HELM_PLUGINS": str(folder / "none" if "helm3" in str(helm) else plugins),
            "HELM_CACHE_HOME": str(folder / "cache"),
        },
    )
    return (folder / "stdin").read_text()


def main() -> None:
    """Render the inputs of all cases with the programs that HELM3 and HELM4 name."""
    for name, (line, *arguments) in CASES.items():
        (HERE / name).mkdir(exist_ok=True)
        for major in "34":
            with tempfile.TemporaryDirectory() as folder:
                helm = Path(os.environ[f"HELM{major}"])
                text = rendered(helm, chart(line), *arguments, folder=Path(folder))
            (HERE / name / f"input-helm{major}.yaml").write_text(text)


if __name__ == "__main__":
    main()
