"""The command as a user runs it: exit status, stdout whole or empty, one clear message.

Tables run it in this process, and what a process has of its own, such as its environment, in one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from postrender.manifests import nodes
from tests.shared.command import COMMAND
from tests.shared.package_files import incompressible
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from tests.shared.command import Command

RENDERED = (GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_bytes()
HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"


def run(
    *arguments: str, stdin: bytes = b"", cwd: Path = GOLDEN, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    return subprocess.run(
        [str(COMMAND), *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=clean | environment,
        check=False,
    )


@pytest.fixture
def here(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return what runs the command in this process, in the folder of the golden cases."""
    monkeypatch.chdir(GOLDEN)
    return command


def config(folder: Path, spec: str) -> str:
    path = folder / "devcache.yaml"
    path.write_text(f"{HEAD}spec: {spec}\n")
    return f"--config={path}"


def refused(found: subprocess.CompletedProcess[bytes], status: int = 1) -> str:
    """Return the message of a refusal, after checking that there is nothing else."""
    message = found.stderr.decode()
    assert (found.returncode, found.stdout) == (status, b""), message
    assert message.startswith("crossplane-devcache: error: ")
    assert "Traceback" not in message
    return message


def test_filters_stdin_to_stdout() -> None:
    found = run("--config=devcache.yaml", stdin=RENDERED)
    assert (found.returncode, found.stderr) == (0, b"")
    assert b"devcache-copier" in found.stdout


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed_and_environment() -> None:
    outputs = {
        run(
            "--config=devcache.yaml", stdin=RENDERED, PYTHONHASHSEED=seed, LANG=lang, TZ=zone
        ).stdout
        for seed, lang, zone in (("0", "C", "UTC"), ("1", "de_DE.UTF-8", "Asia/Tokyo"))
    }
    assert len(outputs) == 1


def test_paths_are_relative_to_where_it_runs(tmp_path: Path) -> None:
    message = refused(run(f"--config={GOLDEN}/devcache.yaml", stdin=RENDERED, cwd=tmp_path))
    assert "packages/greet" in message


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        pytest.param(b"", "no manifests on stdin", id="empty"),
        pytest.param(b"---\n# comment\n", "no manifests on stdin", id="comments-only"),
        pytest.param(b"kind: A\n", "no DevCache document.*--config", id="no-declaration"),
        pytest.param(b"a: [\n", "line 2.*not valid YAML", id="no-yaml"),
        pytest.param(
            b"a: b\nc: \xff\n", "the rendered manifests, line 2: is not UTF-8", id="no-utf-8"
        ),
        pytest.param(b"--- {a: b}\n", "line 1.*document separator", id="separator-with-content"),
    ],
)
def test_bad_stdin(here: Command, stdin: bytes, message: str) -> None:
    assert re.search(message, here(stdin=stdin).message(), re.DOTALL)
    if "DevCache" not in message:
        declared = here("--config=devcache.yaml", stdin=stdin).message()
        assert re.search(message, declared, re.DOTALL), "also with a declaration"


DOCUMENT = f"---\n{HEAD}spec: {{}}\n".encode()


@pytest.mark.parametrize(
    ("stdin", "spec", "message"),
    [
        pytest.param(RENDERED + DOCUMENT, "{}", "more than one DevCache", id="document-and-config"),
        pytest.param(b"kind: A\n", "{}", "no Deployment.*core start", id="no-crossplane"),
        pytest.param(
            RENDERED + RENDERED, "{}", "more than one Deployment runs", id="two-crossplanes"
        ),
        pytest.param(
            RENDERED,
            "{cache: {readWrite: {volume: other}}}",
            'mounts no volume "other".*cache.readWrite.volume',
            id="no-such-cache-volume",
        ),
        pytest.param(
            RENDERED,
            "{cache: {readOnly: {mountPath: /tls/server}}}",
            "mount path /tls/server already",
            id="mount-path-taken",
        ),
        pytest.param(
            RENDERED.replace(b"name: tls-server-certs", b"name: devcache"),
            "{}",
            "the volume devcache already",
            id="volume-name-taken",
        ),
        pytest.param(
            RENDERED
            + b"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: crossplane-devcache}\n",
            "{}",
            'ConfigMap "crossplane-devcache" already',
            id="config-map-name-taken",
        ),
        pytest.param(
            RENDERED
            + b"---\napiVersion: pkg.crossplane.io/v1\nkind: ImageConfig\n"
            + b"metadata: {name: devcache-network}\n",
            "{packages: {network: {path: packages/network}}}",
            'ImageConfig "devcache-network" already',
            id="image-config-name-taken",
        ),
        pytest.param(
            RENDERED
            + b"---\napiVersion: pkg.crossplane.io/v1\nkind: Configuration\n"
            + b"metadata: {name: other}\n"
            + b"spec: {package: 'xpkg.devcache.local/network:v1'}\n",
            "{packages: {network: {path: packages/network}}}",
            "installed by Configuration other, too",
            id="source-installed-by-another-object",
        ),
        pytest.param(
            RENDERED,
            "{packages: {network: {path: nowhere}}}",
            "nowhere: no such file or directory",
            id="no-such-path",
        ),
        pytest.param(
            RENDERED.replace(
                b"- mountPath: /cache/xpkg", b"- subPathExpr: x\n            mountPath: /cache/xpkg"
            ),
            "{}",
            "subPathExpr.*use subPath",
            id="a-mount-that-the-copier-cannot-follow",
        ),
        pytest.param(
            RENDERED,
            "{packages: {nop: {path: packages/nop}}}",
            "no registry has the image.*runtimeImage",
            id="provider-without-image",
        ),
        pytest.param(
            RENDERED,
            "{packages: {nop: {path: packages/nop,"
            " runtimeImage: x, spec: {runtimeConfigRef: {}}}}}",
            "both set",
            id="two-runtimes",
        ),
        pytest.param(
            RENDERED,
            "{packages: {nop: {path: packages/nop, runtimeResources: {limits: {cpu: 1}}}}}",
            "runtimeResources is for the container of runtimeImage",
            id="resources-without-image",
        ),
        pytest.param(
            RENDERED,
            "{packages: {network: {path: packages/network, runtimeImage: x}}}",
            "a Configuration runs nothing",
            id="configuration-with-image",
        ),
        pytest.param(
            RENDERED,
            "{packages: {one: {path: packages/network, package: 'x.io/acme/one:v1'},"
            " two: {path: packages/network, package: 'x.io/acme/one:v2'}}}",
            "packages one and two: both have the source",
            id="one-source-twice",
        ),
        pytest.param(
            RENDERED,
            "{packages: {one: {path: packages/network, package: 'x.io/acme/one:v1'},"
            " two: {path: packages/network, package: 'x.io/acme-one:v2'}}}",
            'both would be the cache file "x-io-acme-one-sha256-',
            id="one-key-twice-on-a-digest-line",
        ),
        pytest.param(
            RENDERED,
            "{packages: {network: {path: packages/network, package: acme/network}}}",
            "does not admit the reference",
            id="reference-not-qualified",
        ),
        pytest.param(
            RENDERED,
            f"{{packages: {{network: {{path: packages/network,"
            f" package: 'x.io/acme/network@sha256:{'0' * 64}'}}}}}}",
            "only an .xpkg file has one",
            id="digest-for-a-directory",
        ),
        pytest.param(
            RENDERED,
            f"{{packages: {{network: {{path: ../data/xpkg/configuration.xpkg,"
            f" package: 'x.io/acme/network@sha256:{'0' * 64}'}}}}}}",
            "another digest than the file's",
            id="digest-of-another-file",
        ),
        pytest.param(
            RENDERED,
            f"{{packages: {{network: {{path: ../data/xpkg/configuration.xpkg,"
            f" package: 'x.io/acme/network:v1@sha256:{'0' * 64}'}}}}}}",
            "a tag and a digest",
            id="tag-and-digest-on-a-digest-line",
        ),
        pytest.param(
            RENDERED,
            "{cache: {readWrite: {sizeLimit: '10'}},packages: {network: {path: packages/network}}}",
            "bytes of the cache, and its sizeLimit is 10.*auto",
            id="cache-volume-too-small",
        ),
    ],
)
def test_refusals(here: Command, tmp_path: Path, stdin: bytes, spec: str, message: str) -> None:
    found = here(config(tmp_path, spec), stdin=stdin).message()
    assert re.search(message, found, re.DOTALL), found
    assert "hint: " in found


OLD = (GOLDEN / "crossplane-1.20" / "input-helm3.yaml").read_bytes()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            "{packages: {one: {path: packages/network,"
            " package: 'x.io/acme/one:v0.1.0', install: false},"
            " two: {path: packages/network, package: 'x.io/acme/one:v0.1.7'}}}",
            'both would be the cache file "x.io/acme/one:v0.1.gz"',
            id="tags-that-differ-behind-the-last-dot",
        ),
        pytest.param(
            "{packages: {one: {path: packages/network, package: 'x.io/.acme/one:v1'}}}",
            "begins with a dot",
            id="a-hidden-folder",
        ),
        pytest.param(
            "{packages: {one: {path: packages/network, package: 'x.io//one:v1'}}}",
            "is empty or begins",
            id="an-empty-part",
        ),
        pytest.param(
            "{packages: {one: {path: packages/network, package: 'x.io/a.gz/one:v1'},"
            " two: {path: packages/network, package: 'x.io/a.b'}}}",
            "is a folder of the other's",
            id="a-file-that-is-another-ones-folder",
        ),
    ],
)
def test_refusals_on_path_lines(here: Command, tmp_path: Path, spec: str, message: str) -> None:
    found = here(config(tmp_path, spec), stdin=OLD).message()
    assert re.search(message, found, re.DOTALL)


def test_offline_refuses_a_dependency_that_is_not_local(here: Command, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "crossplane.yaml").write_text(
        "apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata: {name: x}\n"
        "spec: {dependsOn: [{configuration: xpkg.devcache.local/network, version: '>=v0.0.0'}]}\n"
    )
    alone = f"{{offline: true, packages: {{platform: {{path: {folder}}}}}}}"
    message = here(config(tmp_path, alone), stdin=RENDERED).message()
    assert 'dependency "xpkg.devcache.local/network" is not local' in message
    both = alone.replace("packages: {", "packages: {network: {path: packages/network}, ")
    assert here(config(tmp_path, both), stdin=RENDERED).status == main.DONE


def test_a_kind_that_the_linter_forbids_names_the_file(here: Command, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    meta = "apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata: {name: x}\n"
    (folder / "crossplane.yaml").write_text(meta)
    (folder / "stray.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: hunter2}\n")
    declared = config(tmp_path, f"{{packages: {{xx: {{path: {folder}}}}}}}")
    message = here(declared, stdin=RENDERED).message()
    assert "stray.yaml" in message
    assert '"v1 Secret"' in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("size", "limits", "message"),
    [
        pytest.param(600_000, "{}", "", id="fits"),
        pytest.param(
            800_000,
            "{}",
            r"manifests are more than 720,896 bytes packed.*limits.release",
            id="release",
        ),
        pytest.param(800_000, "{release: false}", "", id="a-release-that-is-no-secret"),
        pytest.param(
            1_100_000,
            "{release: false}",
            r"ConfigMap crossplane-devcache: .* [\d,]+ bytes, .* 1,048,576",
            id="config-map",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(
    here: Command, tmp_path: Path, size: int, limits: str, message: str
) -> None:
    folder = incompressible(tmp_path / "large", size)
    spec = f"{{limits: {limits}, packages: {{large: {{path: {folder}}}}}}}"
    found = here(config(tmp_path, spec), stdin=RENDERED)
    if message:
        assert re.search(message, found.message(), re.DOTALL)
        return
    assert found.status == main.DONE


def test_what_is_apart_fits_config_maps_of_its_own(here: Command, tmp_path: Path) -> None:
    folder = incompressible(tmp_path / "large", 1_100_000)
    declared = config(tmp_path, f"{{payload: apart, packages: {{large: {{path: {folder}}}}}}}")
    found = here("payload", declared, "--namespace=crossplane-system")
    assert (found.status, found.stderr) == (main.DONE, "")
    documents = list(yaml.load_all(found.stdout, nodes.LOADER))
    sizes = [len(b64decode(text)) for one in documents for text in one["binaryData"].values()]
    assert max(sizes) <= 1 << 20
    assert sum(sizes) > 1_100_000
    assert here(declared, stdin=RENDERED).status == main.DONE
    none = {"kind": "List", "items": [{"kind": "Deployment"}, {"kind": "ReplicaSet"}]}
    pruned = here("payload", declared, "--prune", stdin=json.dumps(none).encode())
    assert (pruned.status, pruned.stdout, pruned.stderr) == (main.DONE, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--confg=x"], "unrecognized arguments: --confg=x"),
        (["--config"], "expected one argument"),
        (["crds"], "--crossplane"),
        (["nonsense"], "invalid choice"),
        (["objects", "--crossplane=2.4"], "objects: --config FILE is required"),
        (["payload"], "payload: either -f FILE or --config FILE is required"),
        (["payload", "--config=x", "--crossplane=2.4"], "unrecognized arguments: --crossplane"),
        (["--config=x", "crds", "--crossplane=2.4"], "crds: takes no --config"),
        (
            ["objects", "--config=x", "--crossplane=2.4", "--release=x"],
            "--release and --namespace go together",
        ),
    ],
)
def test_a_wrong_command_line_is_status_2(
    here: Command, arguments: list[str], message: str
) -> None:
    assert message in here(*arguments).message(status=2)


def test_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    missing = refused(run(f"--config={tmp_path}/none.yaml", stdin=RENDERED))
    assert re.search("none.yaml: no such file or directory\nhint: .* current directory", missing)
    assert "is a directory" in refused(run(f"--config={tmp_path}", stdin=RENDERED)).lower()


def test_helm_4_shows_the_message_because_it_is_a_document_that_is_no_mapping(
    tmp_path: Path,
) -> None:
    spec = '{packages: {network: {path: "no\\u2028where\\u0085\\e[2J"}}}'
    found = run(config(tmp_path, spec), stdin=RENDERED, HELM_PLUGIN_NAME="crossplane-devcache")
    assert (found.returncode, found.stderr) == (0, b"")
    shown = yaml.safe_load(found.stdout)
    assert isinstance(shown, str)
    assert shown.startswith("crossplane-devcache: error: ")
    assert "hint: " in shown
    assert r"no\u2028where\x85\x1b[2J" in shown
    other = run(config(tmp_path, spec), stdin=RENDERED, HELM_PLUGIN_NAME="diff")
    refused(other)


def test_prints_its_version() -> None:
    found = run("--version")
    assert (found.returncode, found.stderr) == (0, b"")
    assert re.fullmatch(rb"\d+\.\d+\.\d+\n", found.stdout)


def test_starting_up_loads_no_library() -> None:
    """Each helm command pays for what the filter imports."""
    program = "import sys; from postrender import cli; print(sorted(set(sys.modules) & {names!r}))"
    heavy = {"yaml", "jinja2", "rich", "shtab", "importlib.metadata", "tarfile", "lzma"}
    found = subprocess.run(
        [sys.executable, "-c", program.format(names=heavy)], capture_output=True, check=True
    )
    assert found.stdout == b"[]\n"


def test_the_filter_loads_nothing_that_only_other_commands_need() -> None:
    program = (
        "import sys; from postrender.commands import filter;"
        " print(sorted(set(sys.modules) & {names!r}))"
    )
    unused = {"jinja2", "rich", "shtab", "importlib.metadata", "graphlib", "difflib", "http"}
    rooms = ("checks", "display", "live", "reports", "cache.ranges")
    ours = {f"postrender.{name}" for name in rooms}
    found = subprocess.run(
        [sys.executable, "-c", program.format(names=unused | ours)],
        capture_output=True,
        check=True,
    )
    assert found.stdout == b"[]\n"


@pytest.mark.parametrize(
    ("version", "function", "image_config"),
    [
        ("1.14", "v1beta1", False),
        ("1.17.2", "v1", False),
        ("2.1", "v1", False),
        ("2.4.0", "v1", True),
    ],
)
def test_bootstrap_crds_fit_the_line(
    here: Command, version: str, function: str, *, image_config: bool
) -> None:
    found = here("crds", f"--crossplane={version}")
    assert found.status == main.DONE
    served = {
        document["spec"]["names"]["kind"]: [one["name"] for one in document["spec"]["versions"]]
        for document in yaml.load_all(found.stdout, nodes.LOADER)
    }
    assert served["Function"] == [function]
    assert served["Configuration"] == served["Provider"] == ["v1"]
    assert served["DeploymentRuntimeConfig"] == ["v1beta1"]
    assert ("ImageConfig" in served) == image_config


def test_a_provider_file_without_a_registry_of_its_own_needs_an_image(
    here: Command, tmp_path: Path
) -> None:
    file = "path: ../data/xpkg/provider-with-runtime.xpkg"
    alone = f"{{packages: {{nop: {{{file}}}}}}}"
    refusal = here(config(tmp_path, alone), stdin=RENDERED).message()
    assert "no registry has the image" in refusal
    pushed = f"{{packages: {{nop: {{{file}, package: 'x.io/acme/nop:v1'}}}}}}"
    assert here(config(tmp_path, pushed), stdin=RENDERED).status == main.DONE
    assert here(config(tmp_path, alone), stdin=OLD).status == main.DONE, "it may be on the node"


def test_config_may_stand_before_the_command(here: Command) -> None:
    found = here("--config=devcache.yaml", "objects", "--crossplane=2.4")
    assert found.status == main.DONE


def test_objects_are_those_of_the_release_installed_or_not(here: Command) -> None:
    found = here("objects", "--config=devcache.yaml", "--crossplane=2.4")
    assert found.status == main.DONE
    documents = list(yaml.load_all(found.stdout, nodes.LOADER))
    names = [(one["kind"], one["metadata"]["name"]) for one in documents]
    assert ("Configuration", "platform") in names, "install: false is for the release only"
    assert ("ImageConfig", "devcache-platform") in names
    assert "ConfigMap" not in {kind for kind, _ in names}
    labels = {tuple(one["metadata"]["labels"].items()) for one in documents}
    assert labels == {(("app.kubernetes.io/part-of", "crossplane-devcache"),)}


def test_objects_that_a_release_may_adopt_carry_helms_marks(here: Command) -> None:
    owner = ("--release=xp", "--namespace=xp-system")
    found = here("objects", "--config=devcache.yaml", "--crossplane=1.20", *owner)
    for document in yaml.load_all(found.stdout, nodes.LOADER):
        metadata = document["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
        assert metadata["annotations"] == {
            "meta.helm.sh/release-name": "xp",
            "meta.helm.sh/release-namespace": "xp-system",
        }


def test_plugin_dir_serves_helm_plugin_install_and_helm_plugins() -> None:
    folder = Path(run("plugin-dir").stdout.decode().strip())
    version = run("--version").stdout.decode().strip()
    plugins = [folder / "plugin.yaml", *folder.glob("*/plugin.yaml")]
    assert len(plugins) == 2
    assert len({path.read_text() for path in plugins}) == 1
    plugin = yaml.safe_load(plugins[0].read_text())
    assert (plugin["name"], plugin["version"]) == ("crossplane-devcache", version)


def test_a_reader_that_goes_away_is_no_defect() -> None:
    read, write = os.pipe()
    os.close(read)
    found = subprocess.run(
        [str(COMMAND), "crds", "--crossplane=2.4"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (found.returncode, found.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "reads rendered manifests from stdin: helm", id="filter"),
        pytest.param(
            ("payload", "--config=x", "--prune"),
            "reads a list from stdin: kubectl get configmaps,deployments,replicasets,pods",
            id="payload---prune",
        ),
    ],
)
def test_stdin_that_is_a_terminal_is_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    parent, child = os.openpty()
    found = subprocess.run(
        [str(COMMAND), *arguments], stdin=child, capture_output=True, check=False
    )
    os.close(parent)
    os.close(child)
    assert message in refused(found, status=2)


@pytest.mark.linux  # /dev/full
def test_a_full_disk_is_no_defect() -> None:
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(
            [str(COMMAND), "plugin-dir"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    message = b"crossplane-devcache: error: stdout: cannot be written: no space left on device\n"
    assert (found.returncode, found.stderr) == (1, message)
