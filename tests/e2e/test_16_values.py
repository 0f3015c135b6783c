"""Tests values of the upstream chart that contain the packages, with plain helm."""

from __future__ import annotations

import random
import re
import shlex
from base64 import b85encode
from typing import TYPE_CHECKING

from tests.e2e.crossplane import SKIP_VALIDATION
from tests.e2e.kubernetes import DEFINITIONS, KINDS, REVISIONS, SETTINGS, field_type
from tests.e2e.packages import FLEET, Dependency, api, configuration, local
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry

OURS = "app.kubernetes.io/part-of=crossplane-devcache"

LOCAL = "acme/alone"
"""The repository of a local package in the registry whose log has all requests."""


def test_package_lists_install_and_change_packages_on_an_empty_cluster(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    registry: Registry,
    tmp_path: Path,
) -> None:
    pulled = configuration(tmp_path / "published", "pulled")
    registry.publish(pulled, "acme/pulled", "v1.0.0")
    dependencies = [Dependency(f"{registry.address}/acme/pulled", ">=v1.0.0")]
    alone = configuration(tmp_path, "alone", dependencies)
    declarations: Declarations = {
        "alone": {"path": str(alone), "package": f"{registry.address}/{LOCAL}:v0.1.0"},
        "other": local(large(tmp_path, "other")),
    }
    crossplane.ensure_empty_cluster()
    if crossplane.line.at_least < (2, 2):
        require_refusal(crossplane, declarations)
        return
    names = ["acme-alone", "acme-other"]
    comment = deploy(crossplane, declarations)
    kubernetes.wait_until_healthy([*names, "acme-pulled"])
    assert registry.requests(LOCAL) == []
    assert len(node.cached_files()) == len(names) + 1
    assert len(sizes(node)) == 1, "only the pulled package counts for the size of the volume"
    before, [pod] = kubernetes.packages(), kubernetes.pods()

    configuration(tmp_path, "alone", dependencies, field="owner")
    deploy(crossplane, declarations)
    kubernetes.wait_until_value(f"crd/{api('alone')}", field_type("owner"), "string")
    kubernetes.wait_until_revised("acme-alone", before["acme-alone"].revision)
    kubernetes.wait_until_healthy(names)
    after = kubernetes.packages()
    assert after["acme-other"].revision == before["acme-other"].revision
    assert pod not in kubernetes.pods()
    assert len(kubernetes.names("configmaps", selector=OURS)) == 1
    # The new pod may ask for the content of the previous revision, until that is inactive.
    previous, current = (state["acme-alone"].source.partition("@")[2] for state in (before, after))
    assert {request.partition("/")[2] for request in registry.requests(LOCAL)} <= {previous}
    assert current != previous

    # A new pod reads all packages again.
    kubernetes.recreate_api("acme-alone", api("alone"))

    crossplane.rollback()
    kubernetes.wait_until_value(f"crd/{api('alone')}", field_type("owner"), "")
    kubernetes.wait_until_healthy(names)

    deploy(crossplane, {"other": declarations["other"]})
    assert "acme-alone" in kubernetes.packages(), "Crossplane deletes no package object"
    for command in deletions(comment, "alone"):
        kubernetes.kubectl(*command)
    kubernetes.wait_until_gone(f"crd/{api('alone')}")
    kubernetes.wait_until_healthy(["acme-other"])

    deploy(crossplane, {})
    for command in deletions(comment, "other"):
        kubernetes.kubectl(*command)
    kubernetes.kubectl("delete", KINDS[0], "acme-pulled")
    until(lambda: remaining(kubernetes), "no package is left")
    assert not kubernetes.names("configmaps", selector=OURS)
    crossplane.uninstall()
    crossplane.forget_leader()


def test_package_objects_are_objects_of_the_release(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    registry: Registry,
    fleet: Declarations,
    tmp_path: Path,
) -> None:
    if crossplane.line.at_least < (2, 2):
        require_refusal(crossplane, fleet, "--objects")
        return
    crossplane.ensure_empty_cluster()
    base = configuration(tmp_path, "base")
    top = configuration(tmp_path, "top", [Dependency(str(local(base)["package"])[:-7], ">=v0.1.0")])
    declarations: Declarations = {"base": local(base), "top": local(top), **fleet}
    write(crossplane, declarations, "--objects")
    crossplane.expect_failure(*upgrade(crossplane))

    crossplane.bootstrap()
    deploy(crossplane, declarations, "--objects")
    kubernetes.wait_until_healthy(declarations)
    assert registry.requests(FLEET) == []
    before, [pod] = kubernetes.packages(), kubernetes.pods()

    configuration(tmp_path, "base", field="owner")
    deploy(crossplane, declarations, "--objects")
    kubernetes.wait_until_value(f"crd/{api('base')}", field_type("owner"), "string")
    kubernetes.wait_until_revised("base", before["base"].revision)
    kubernetes.wait_until_healthy(declarations)
    assert pod not in kubernetes.pods()

    deploy(crossplane, {"base": declarations["base"]}, "--objects")
    kubernetes.wait_until_gone(f"crd/{api('top')}")
    kubernetes.wait_until_healthy(["base"])
    deploy(crossplane, {}, "--objects")
    until(lambda: remaining(kubernetes), "no package is left")
    assert registry.requests(FLEET) == []
    crossplane.uninstall()
    crossplane.forget_leader()


def large(folder: Path, name: str) -> Path:
    """Write a Configuration that gzip packs to almost as much as a release can hold twice."""
    package = configuration(folder, name)
    noise = b85encode(random.Random(0).randbytes(330_000)).decode()  # noqa: S311 - the same
    with (package / "definition.yaml").open("a") as file:
        file.writelines(f"# {noise[at : at + 100]}\n" for at in range(0, len(noise), 100))
    return package


def sizes(node: Node) -> list[str]:
    """Return the sizes of the files in the volume that are not empty, in bytes."""
    options = ("-type", "f", "-size", "+0", "-printf", "%s\\n")
    return node.cluster.run("find", node.cache_folder(), *options).splitlines()


def arguments(crossplane: Crossplane, packages: Declarations, *options: str) -> list[str]:
    """Return the arguments of the command for packages."""
    version = f"--crossplane={crossplane.line.version}"
    return ["values", f"--config={crossplane.config(packages)}", version, *options]


def require_refusal(crossplane: Crossplane, packages: Declarations, *options: str) -> None:
    """Check that the command refuses the packages, and that its hint names the post-renderer."""
    refusal = crossplane.devcache.run(*arguments(crossplane, packages, *options))
    assert (refusal.status, refusal.stdout) == (1, "")
    assert "use the post-renderer" in refusal.stderr


def write(crossplane: Crossplane, packages: Declarations, *options: str) -> str:
    """Write the values file of packages, and return its comment."""
    text = crossplane.devcache.run_logged(*arguments(crossplane, packages, *options))
    (crossplane.folder / "packages.yaml").write_text(text)
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))


def upgrade(crossplane: Crossplane) -> list[str]:
    """Return the arguments of helm, without a post-renderer."""
    packages = f"--values={crossplane.folder / 'packages.yaml'}"
    options = [SKIP_VALIDATION] if crossplane.is_installed else []
    return [*crossplane.upgrade_upstream({}), packages, *options, "--wait"]


def deploy(crossplane: Crossplane, packages: Declarations, *options: str) -> str:
    """Run the command and helm, and return the comment of the values file."""
    crossplane.state = None
    comment = write(crossplane, packages, *options)
    crossplane.helm.run_logged(*upgrade(crossplane))
    return comment


def deletions(comment: str, package: str) -> list[list[str]]:
    """Return the commands in the comment that delete the object of a package."""
    commands = re.findall(rf"kubectl (delete .*-{package})$", comment, re.MULTILINE)
    assert commands
    return [shlex.split(command) for command in commands]


def remaining(kubernetes: Kubernetes) -> str:
    """Return the names of the package objects, and of their settings and definitions."""
    settings = kubernetes.names(*SETTINGS, selector=OURS)
    return " ".join(settings | kubernetes.names(*KINDS, *REVISIONS, DEFINITIONS))
