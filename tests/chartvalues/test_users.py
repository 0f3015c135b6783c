"""The user's values of the upstream chart stay what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.shared.configurations import ACME
from tests.shared.declarations import config_option

if TYPE_CHECKING:
    from tests.chartvalues.conftest import Declared, Values
    from tests.shared.programs import Plain

OTHER: Declared = {"other": {"package": f"{ACME}/other:v0.1.0"}}

SECRET: Plain = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": '{{ include "crossplane.name" . }}-extra'},
}
REMOTE = "xpkg.example.com/acme/remote:v1"
LISTS: dict[str, list[Plain]] = {
    "extraObjects": [SECRET, "a text"],
    "extraVolumesCrossplane": [{"name": "mine", "emptyDir": {}}],
    "extraVolumeMountsCrossplane": [{"name": "mine", "mountPath": "/mine"}],
}
USERS: dict[str, Plain] = {
    **LISTS,
    "configuration": {"packages": [REMOTE]},
    "provider": {"packages": ["xpkg.example.com/acme/nop:v1"], "defaultActivations": ["*"]},
    "resourcesCrossplane": {"limits": {"cpu": 1}},
    "args": ["--debug"],
}


def test_the_entries_of_the_user_come_first(values: Values) -> None:
    with_users = yaml.safe_load(values.run(values.declare(OTHER, USERS)).stdout)
    alone = yaml.safe_load(values.run(values.declare(OTHER)).stdout)
    lists = ("extraObjects", "extraVolumesCrossplane", "extraVolumeMountsCrossplane")
    packages = {"packages": [REMOTE, *alone["configuration"]["packages"]]}
    expected = {key: [*LISTS[key], *alone[key]] for key in lists}
    assert with_users == {**alone, **expected, "configuration": packages}


def test_the_comment_names_the_lists(values: Values) -> None:
    text = values.run(values.declare(OTHER)).stdout
    assert "this file sets configuration.packages, extraVolumesCrossplane" in text


def test_empty_lists_of_the_user_do_not_count(values: Values) -> None:
    empty: dict[str, Plain] = {
        "extraObjects": None,
        "extraVolumesCrossplane": {},
        "configuration": None,
    }
    file = values.declare(OTHER, empty)
    assert values.run(file).stdout == values.run(values.declare(OTHER)).stdout


def test_the_strategy_of_the_user_is_left_to_the_user(values: Values) -> None:
    text = values.run(values.declare(OTHER, {"deploymentStrategy": "RollingUpdate"})).stdout
    assert "deploymentStrategy" not in text
    assert "deploymentStrategy: Recreate\n" in values.run(values.declare(OTHER)).stdout


def test_a_declared_size_limit_is_that_of_the_chart(values: Values) -> None:
    for limit, size in (("64Mi", {"sizeLimit": "64Mi"}), ("auto", None), ("", None)):
        file = values.declare(OTHER, cache={"readWrite": {"sizeLimit": limit}})
        assert yaml.safe_load(values.run(file).stdout).get("packageCache") == size


def test_settings_of_the_copier_change_nothing(values: Values) -> None:
    image: Plain = {"image": {"repository": "busybox"}}
    file = values.declare(OTHER, copier=image, cache={"readOnly": {"mountPath": "/elsewhere"}})
    assert values.run(file).stdout == values.run(values.declare(OTHER)).stdout


def test_later_values_files_and_documents_are_read(values: Values) -> None:
    file = values.declare({**OTHER, "gone": {}})
    later = values.folder / "later.yaml"
    later.write_text("devcache: {packages: {gone: null}}\ncrossplane: {args: [--debug]}\n")
    run = values.command("values", "-f", file, "-f", later)
    expected = values.run(values.declare(OTHER), version="2.4.2").stdout
    assert (run.status, run.stdout) == (0, expected)
    path = values.folder / "other"
    option = config_option(
        values.folder, f"{{packages: {{other: {{path: {path}, package: '{ACME}/other:v0.1.0'}}}}}}"
    )
    assert values.command("values", option).stdout == expected


def test_openshift_chooses_the_user_of_a_runtime(values: Values) -> None:
    zones: Declared = {"zones": {"runtimeImage": "zones:v1"}}
    nobody: dict[str, Plain] = {"securityContextCrossplane": {"runAsUser": None}}
    assert "runAsUser" in values.run(values.declare(zones), "--objects").stdout
    assert "runAsUser" not in values.run(values.declare(zones, nobody), "--objects").stdout
    of_pod: dict[str, Plain] = {**nobody, "podSecurityContextCrossplane": {"runAsUser": 1000}}
    assert "runAsUser" in values.run(values.declare(zones, of_pod), "--objects").stdout
