"""devcache.mk runs the command with the variables of the makelib; a stand-in records it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.programs import Plain

STAND_IN = """\
#!/bin/sh
echo "$@" >>{folder}/calls
echo "$(command -v helm) $(command -v kind)" >>{folder}/tools.log
exit "${{STATUS:-0}}"
"""

RUN = "up -f {folder}/values.json -f {folder}/packages/{name}.json"
CLUSTER = "--context kind-local-dev --namespace crossplane-system"


@dataclass(frozen=True)
class Repository:
    """A repository with packages that the makelib has built."""

    folder: Path

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {"ARCH": "arm64", "VERSION": "v1", "XPKG_OUTPUT_DIR": "out", "WORK_DIR": "work"}
        return subprocess.run(
            ["make", "--no-print-directory", "-f", ROOT / "devcache.mk", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", **variables}
            | environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def deploy(self, *arguments: str, **environment: str) -> str:
        """Deploy a package, which must succeed, and return the last call of the command."""
        run = self.make(*arguments, **environment)
        assert run.returncode == 0, run.stdout + run.stderr
        return (self.folder / "calls").read_text().splitlines()[-1]

    def json(self, name: str, context: str = "kind-local-dev") -> Plain:
        document: Plain = json.loads((self.folder / "work/devcache" / context / name).read_text())
        return document


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    output = tmp_path / "out/linux_arm64"
    output.mkdir(parents=True)
    for name in ("base", "nop", "zones"):
        (output / f"{name}-v1.xpkg").touch()
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin/crossplane-devcache", STAND_IN.format(folder=tmp_path))
    return Repository(tmp_path)


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_each_target_adds_its_package(repository: Repository) -> None:
    folder = "work/devcache/kind-local-dev"
    base = repository.deploy("local.xpkg.deploy.configuration.base")
    assert base == f"{RUN.format(folder=folder, name='base')} {CLUSTER}"
    assert repository.json("packages/base.json") == {
        "devcache": {"packages": {"base": {"path": "out/linux_arm64/base-v1.xpkg"}}}
    }
    both = repository.deploy("local.xpkg.deploy.provider.nop")
    assert (
        both == f"{RUN.format(folder=folder, name='base')} -f {folder}/packages/nop.json {CLUSTER}"
    )
    assert repository.json("packages/nop.json") == {
        "devcache": {
            "packages": {
                "nop": {
                    "path": "out/linux_arm64/nop-v1.xpkg",
                    "runtimeImage": "embedded",
                    "spec": {"skipDependencyResolution": False},
                }
            }
        }
    }
    assert repository.json("values.json") == {}
    assert repository.make("local.xpkg.clean").returncode == 0
    assert "nop" not in repository.deploy("local.xpkg.deploy.configuration.base")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"KIND_CLUSTER_NAME": "ci"}, "--context kind-ci "),
        ({"DEVCACHE_CONTEXT": "arn:aws/ci"}, "--context arn:aws/ci "),
        ({"CROSSPLANE_NAMESPACE": "upbound-system"}, "--namespace upbound-system"),
        ({"CROSSPLANE_VERSION": "2.4.0"}, "--crossplane 2.4.0"),
        ({"DEVCACHE_ARGS": "--timeout 7"}, "--timeout 7"),
        ({"DEVCACHE_VALUES": "a.yaml b.yaml"}, "zones.json -f a.yaml -f b.yaml --context"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_variable_is_an_argument(
    repository: Repository, variables: dict[str, str], words: str
) -> None:
    assert words in repository.deploy("local.xpkg.deploy.function.zones", **variables)


@pytest.mark.parametrize("text", ["--debug,--enable-usages", '"--debug,--enable-usages"'])
def test_the_arguments_of_crossplane_are_values(repository: Repository, text: str) -> None:
    repository.deploy("local.xpkg.deploy.configuration.base", CROSSPLANE_ARGS=text)
    expected = {"crossplane": {"args": ["--debug", "--enable-usages"]}}
    assert repository.json("values.json") == expected


def test_the_resolution_of_dependencies_is_skipped(repository: Repository) -> None:
    repository.deploy("local.xpkg.deploy.function.zones", XPKG_SKIP_DEP_RESOLUTION="true")
    text = json.dumps(repository.json("packages/zones.json"))
    assert '"skipDependencyResolution": true' in text


@pytest.mark.parametrize(
    ("variables", "helm"),
    [
        pytest.param({"HELM": "{folder}/tools/helm-v3"}, "helm-v3", id="a-path"),
        pytest.param({"HELM": "tools/helm-v3"}, "helm-v3", id="a-relative-path"),
        pytest.param({"HELM": "helm-v4"}, "helm-v4", id="a-name"),
        pytest.param({"HELM": "helm-v4", "HELM3": "tools/helm-v3"}, "helm-v4", id="HELM-first"),
        pytest.param({"HELM": "tools/helm-v2", "HELM3": "tools/helm-v3"}, "helm-v3", id="HELM3"),
    ],
)
def test_the_tools_of_the_makelib_run(
    repository: Repository, variables: dict[str, str], helm: str
) -> None:
    tools = repository.folder / "tools"
    tools.mkdir()
    for name in ("helm-v2", "helm-v3", "kind-v0"):
        program(tools / name)
    program(repository.folder / "bin/helm-v4")
    values = {key: text.format(folder=repository.folder) for key, text in variables.items()}
    repository.deploy("local.xpkg.deploy.configuration.base", **values, KIND=str(tools / "kind-v0"))
    folder = repository.folder / "work/devcache/kind-local-dev/bin"
    calls = (repository.folder / "tools.log").read_text()
    assert calls == f"{folder}/helm {folder}/kind\n"
    assert (folder / "helm").resolve().name == helm


def test_a_package_that_is_not_built_is_refused(repository: Repository) -> None:
    run = repository.make("local.xpkg.deploy.provider.other")
    assert run.returncode == 2
    assert "out/linux_arm64/other-v1.xpkg does not exist: run `make build`\n" in run.stderr
    assert "other" not in repository.deploy("local.xpkg.deploy.configuration.base")


def test_the_target_fails_with_the_command(repository: Repository) -> None:
    run = repository.make("local.xpkg.deploy.configuration.base", STATUS="1")
    assert run.returncode == 2


def test_a_missing_command_is_named(repository: Repository) -> None:
    run = repository.make("local.xpkg.deploy.configuration.base", "DEVCACHE=nowhere/devcache -v")
    assert run.returncode == 2
    assert "nowhere/devcache is not installed: install it with pipx, or set DEVCACHE" in run.stderr


def test_folders_may_have_blanks(repository: Repository) -> None:
    """Without quotes, `rm -rf` would remove another folder."""
    neighbour = repository.folder / "my"
    neighbour.mkdir()
    folder = repository.folder / "my work"
    (repository.folder / "out").rename(repository.folder / "my out")
    variables = {"WORK_DIR": str(folder), "XPKG_OUTPUT_DIR": "my out"}
    call = repository.deploy("local.xpkg.deploy.configuration.base", **variables)
    assert f"-f {folder}/devcache/kind-local-dev/packages/base.json" in call
    assert repository.make("local.xpkg.clean", **variables).returncode == 0
    assert list((folder / "devcache").iterdir()) == []
    assert neighbour.is_dir()


def test_an_empty_folder_is_refused(repository: Repository) -> None:
    """It would be the root of the file system, with its `bin`."""
    run = repository.make("local.xpkg.deploy.configuration.base", DEVCACHE_DIR="")
    assert run.returncode == 2
    assert "DEVCACHE_DIR is empty" in run.stderr
