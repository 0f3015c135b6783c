"""Tests front-ends of Helm with the files of docs/front-ends.md: helmfile, Ansible and a pipe."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster import programs
from tests.e2e.commands import Program
from tests.e2e.crossplane import COMMON_VALUES
from tests.e2e.kubernetes import INSIDE, NAMESPACE, field_type
from tests.e2e.packages import api, configuration, local
from tests.shared import documented
from tests.shared.paths import ROOT
from tests.shared.programs import CHART, SEARCH_PATH

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.shared.programs import Plain

PACKAGE = "base"

CONFIG = "--config=devcache.yaml"
"""The declaration of a project with an upstream chart. The values of our chart declare packages."""


@dataclass(frozen=True)
class Project:
    """The folder of a team, outside the working directory: a chart, a package and its declaration.

    All paths in the files are relative.
    """

    crossplane: Crossplane
    folder: Path

    def __post_init__(self) -> None:
        self.save("size")
        packages: Plain = {PACKAGE: {**local(self.folder / PACKAGE), "path": PACKAGE}}
        if self.crossplane.line.ours:
            shutil.copytree(CHART, self.folder / "charts" / CHART.name)
            values: Plain = {"crossplane": COMMON_VALUES, "devcache": {"packages": packages}}
            self.write("values.yaml", values)
        else:
            self.write("values.yaml", COMMON_VALUES)
            spec: Plain = {"packages": packages}
            header: dict[str, Plain] = {
                "apiVersion": "crossplane-devcache/v1alpha1",
                "kind": "DevCache",
                "metadata": {"name": "e2e"},
            }
            self.write("devcache.yaml", {**header, "spec": spec})

    @property
    def declaration(self) -> str:
        """The options of a command that reads the declaration."""
        line = self.crossplane.line
        return "-f values.yaml" if line.ours else f"{CONFIG} --crossplane={line.version}"

    def save(self, field: str) -> None:
        """Write the package, whose API has this field."""
        configuration(self.folder, PACKAGE, field=field)

    def write(self, name: str, document: Plain) -> Path:
        """Write a document as a file of the folder."""
        file = self.folder / name
        no_aliases = json.loads(json.dumps(document))  # the commands refuse YAML aliases
        file.write_text(yaml.safe_dump(no_aliases))
        return file

    def wait_until_installed(self, field: str, name: str = PACKAGE) -> None:
        """Return when the package object of this name is healthy, and the API has this field."""
        kubernetes = self.crossplane.kubernetes
        kubernetes.wait_until_value(f"crd/{api(PACKAGE)}", field_type(field), "string")
        kubernetes.wait_until_healthy([name])


@pytest.fixture
def project(crossplane: Crossplane, tmp_path: Path) -> Project:
    """The folder of a team, and a cluster without a release."""
    crossplane.ensure_uninstalled()
    crossplane.state = None  # the front-end changes it
    return Project(crossplane, tmp_path)


def test_helmfile_installs_and_changes_a_package(crossplane: Crossplane, project: Project) -> None:
    document = yaml.safe_load(documented.file("helmfile.yaml"))
    if not crossplane.line.ours:
        [release] = document["releases"]
        release |= {"chart": crossplane.upstream, "postRendererArgs": [CONFIG]}
    file = project.write("helmfile.yaml", document)
    helmfile = Program(str(programs.build("helmfile")), crossplane.helm.environment)
    options = (f"--file={file}", f"--helm-binary={crossplane.helm.path}")

    rendered = helmfile.run_logged(*options, "template")
    assert f"{PACKAGE}.xz: " in rendered
    assert "name: devcache-copier" in rendered
    assert "kind: DevCache" not in rendered

    helmfile.run_logged(*options, "sync", *crossplane.before_first())
    project.wait_until_installed("size")
    project.save("colour")
    helmfile.run_logged(*options, "sync")
    project.wait_until_installed("colour")


@pytest.fixture(scope="module")
def ansible_playbook(crossplane: Crossplane, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Ansible with kubernetes.core, which finds the Helm of the line on the PATH."""
    script = str(ROOT / "tools" / "ansible.sh")
    folder = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    environment = {
        **crossplane.helm.environment,
        "PATH": os.pathsep.join([str(Path(crossplane.helm.path).parent), SEARCH_PATH]),
        "ANSIBLE_HOME": str(tmp_path_factory.mktemp("ansible")),
        "ANSIBLE_PYTHON_INTERPRETER": f"{folder}/python",
        "LC_ALL": "C.UTF-8",
    }
    return Program(f"{folder}/ansible-playbook", environment)


def is_changed(ansible_playbook: Program, file: Path) -> bool:
    """Run a playbook with one task, and return whether the task is `changed` instead of `ok`."""
    output = ansible_playbook.run_logged("--inventory=localhost,", "--connection=local", file)
    [changed] = re.findall(r"ok=1 +changed=([01]) +unreachable=0 +failed=0", output)
    return str(changed) == "1"


def test_ansible_sees_a_changed_package_by_its_digest(
    crossplane: Crossplane, project: Project, ansible_playbook: Program
) -> None:
    [play] = yaml.safe_load(documented.file("playbook.yaml"))
    [task] = play["tasks"]
    release = task["kubernetes.core.helm"]
    release["skip_crds"] = "--skip-crds" in crossplane.before_first()
    if not crossplane.line.ours:
        release["chart_ref"] = crossplane.upstream
        release["post_renderer"] += f" --post-renderer-args={CONFIG}"
        digest = task["vars"]["digest"]
        task["vars"]["digest"] = digest.replace("-f values.yaml", project.declaration)
    with_digest = project.write("playbook.yaml", [play])
    release["values"] = "{{ lookup('file', 'values.yaml') | from_yaml }}"
    without_digest = project.write("without-digest.yaml", [play])

    assert is_changed(ansible_playbook, without_digest)
    project.wait_until_installed("size")
    project.save("colour")
    assert not is_changed(ansible_playbook, without_digest)

    assert is_changed(ansible_playbook, with_digest)
    project.wait_until_installed("colour")
    assert not is_changed(ansible_playbook, with_digest)
    project.save("weight")
    assert is_changed(ansible_playbook, with_digest)
    project.wait_until_installed("weight")


def test_ansible_sees_a_changed_package_among_the_values(
    crossplane: Crossplane, project: Project, ansible_playbook: Program
) -> None:
    [play] = yaml.safe_load(documented.file("values-playbook.yaml"))
    [task] = play["tasks"]
    release = task["kubernetes.core.helm"]
    release["chart_ref"] = crossplane.upstream
    release["values"] = release["values"].replace("-f values.yaml", project.declaration)
    file = project.write("playbook.yaml", [play])
    if crossplane.line.at_least < (2, 2):
        refusal = ansible_playbook.run("--inventory=localhost,", "--connection=local", file)
        assert refusal.status != 0
        assert f"crossplane-devcache values {project.declaration}) returned 1" in refusal.stdout
        return

    crossplane.is_broken = True  # Helm does not remove the package object
    assert is_changed(ansible_playbook, file)
    project.wait_until_installed("size", f"acme-{PACKAGE}")
    assert not is_changed(ansible_playbook, file)
    project.save("colour")
    assert is_changed(ansible_playbook, file)
    project.wait_until_installed("colour", f"acme-{PACKAGE}")


def test_the_filter_in_a_pipe(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    crossplane.ensure_empty_cluster()
    crossplane.is_broken = True  # there will be no release that Helm could upgrade
    declaration = {PACKAGE: local(configuration(tmp_path, PACKAGE))}
    config = f"--config={crossplane.config(declaration)}"
    [values] = crossplane.upgrade_upstream({})[-1:]
    template = ("template", "crossplane", crossplane.upstream, INSIDE, values)
    rendered = crossplane.helm.run_logged(*template)
    apply = ("apply", "--server-side", "--filename=-")

    kubernetes.kubectl("create", "namespace", NAMESPACE)
    manifests = crossplane.devcache.run_logged(config, stdin=rendered)
    error = kubernetes.kubectl.run(*apply, "--dry-run=server", stdin=manifests).stderr
    # kubectl may remember the kinds of a Crossplane that is gone.
    assert re.search('no matches for kind "Configuration"|could not find the requested', error)
    crossplane.bootstrap()
    kubernetes.kubectl.run_logged(*apply, stdin=manifests)
    kubernetes.wait_until_healthy([PACKAGE])

    configuration(tmp_path, PACKAGE, field="colour")
    manifests = crossplane.devcache.run_logged(config, stdin=rendered)
    kubernetes.kubectl.run_logged(*apply, stdin=manifests)
    kubernetes.wait_until_value(f"crd/{api(PACKAGE)}", field_type("colour"), "string")
    kubernetes.wait_until_healthy([PACKAGE])
