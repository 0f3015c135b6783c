"""The filter: rendered manifests on stdin, modified manifests on stdout."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from postrender.commands import filter as filter_command
from tests.shared import manifests
from tests.shared.declarations import HEAD, config_option
from tests.shared.installed_command import refusal, run
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

RENDERED = manifests.RENDERED.encode()


def test_manifests_on_stdin_are_modified_on_stdout() -> None:
    result = run("--config=devcache.yaml", stdin=RENDERED)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"devcache-copier" in result.stdout


def test_hash_seed_and_environment_do_not_change_the_output() -> None:
    outputs = {
        run(
            "--config=devcache.yaml", stdin=RENDERED, PYTHONHASHSEED=seed, LANG=lang, TZ=zone
        ).stdout
        for seed, lang, zone in (("0", "C", "UTC"), ("1", "de_DE.UTF-8", "Asia/Tokyo"))
    }
    assert len(outputs) == 1


def test_paths_are_relative_to_the_current_directory(tmp_path: Path) -> None:
    message = refusal(run(f"--config={GOLDEN}/devcache.yaml", stdin=RENDERED, cwd=tmp_path))
    assert "packages/greet" in message


def test_a_part_of_the_modified_manifests(golden_command: Command) -> None:
    declared = golden_command("--config=devcache.yaml", stdin=RENDERED).stdout
    core, packages = (
        golden_command("--config=devcache.yaml", f"--part={part}", stdin=RENDERED).stdout
        for part in ("core", "packages")
    )
    assert core + packages == declared
    assert golden_command("--part", "packages", stdin=declared.encode()).stdout == packages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--part=other"], "invalid choice: 'other'", id="no-part"),
        pytest.param(["--part=core", "plugin-dir"], "does not take --part", id="before-a-command"),
        pytest.param(["--part=core", "chekc"], "did you mean", id="before-a-typo"),
    ],
)
def test_an_invalid_part_is_a_usage_error(
    golden_command: Command, arguments: list[str], message: str
) -> None:
    assert message in golden_command(*arguments, stdin=RENDERED).message(main.USAGE)


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        pytest.param(b"", "no manifests on stdin\nhint: see the error", id="empty"),
        pytest.param(b"---\n# comment\n", "no manifests on stdin", id="comments-only"),
        pytest.param(b"kind: A\n", "no DevCache document.*--config", id="no-declaration"),
        pytest.param(b"a: [\n", "line 2.*not valid YAML", id="no-yaml"),
        pytest.param(
            b"a: b\nc: \xff\n", "the rendered manifests, line 2: is not UTF-8", id="no-utf-8"
        ),
        pytest.param(b"--- {a: b}\n", "line 1.*document separator", id="separator-with-content"),
    ],
)
def test_invalid_manifests_are_refused(golden_command: Command, stdin: bytes, message: str) -> None:
    assert re.search(message, golden_command(stdin=stdin).message(), re.DOTALL)
    if "DevCache" not in message:
        declared = golden_command("--config=devcache.yaml", stdin=stdin).message()
        assert re.search(message, declared, re.DOTALL), "also with a declaration"


DOCUMENT = f"---\n{HEAD}spec: {{}}\n".encode()


@pytest.mark.parametrize(
    ("stdin", "spec", "message"),
    [
        pytest.param(RENDERED + DOCUMENT, "{}", "more than one DevCache", id="document-and-config"),
        pytest.param(
            RENDERED,
            "{packages: {network: {path: nowhere}}}",
            "nowhere: no such file or directory",
            id="no-such-path",
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
            id="two-packages-of-one-source",
        ),
        pytest.param(
            RENDERED,
            "{packages: {one: {path: packages/network, package: 'x.io/acme/one:v1'},"
            " two: {path: packages/network, package: 'x.io/acme-one:v2'}}}",
            'both would have the cache file "x-io-acme-one-sha256-',
            id="two-packages-with-one-key-on-a-digest-line",
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
            "that of the package is unknown",
            id="digest-for-a-directory",
        ),
        pytest.param(
            RENDERED,
            f"{{packages: {{network: {{path: ../data/xpkg/configuration.xpkg,"
            f" package: 'x.io/acme/network@sha256:{'0' * 64}'}}}}}}",
            "a digest other than the file's",
            id="digest-of-another-file",
        ),
        pytest.param(
            RENDERED,
            f"{{packages: {{network: {{path: ../data/xpkg/configuration.xpkg,"
            f" package: 'x.io/acme/network:v1@sha256:{'0' * 64}'}}}}}}",
            "a tag and a digest",
            id="tag-and-digest-on-a-digest-line",
        ),
    ],
)
def test_refusals(
    golden_command: Command, tmp_path: Path, stdin: bytes, spec: str, message: str
) -> None:
    result = golden_command(config_option(tmp_path, spec), stdin=stdin).message()
    assert re.search(message, result, re.DOTALL), result
    assert "hint: " in result


OLD = (GOLDEN / "crossplane-1.20" / "input-helm3.yaml").read_bytes()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            "{packages: {one: {path: packages/network,"
            " package: 'x.io/acme/one:v0.1.0', install: false},"
            " two: {path: packages/network, package: 'x.io/acme/one:v0.1.7'}}}",
            'both would have the cache file "x.io/acme/one:v0.1.gz"',
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
            "is a folder in the path of the other",
            id="a-file-that-is-another-packages-folder",
        ),
    ],
)
def test_refusals_on_path_lines(
    golden_command: Command, tmp_path: Path, spec: str, message: str
) -> None:
    result = golden_command(config_option(tmp_path, spec), stdin=OLD).message()
    assert re.search(message, result, re.DOTALL)


def test_offline_refuses_a_dependency_that_is_not_local(
    golden_command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "crossplane.yaml").write_text(
        "apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata: {name: x}\n"
        "spec: {dependsOn: [{configuration: xpkg.devcache.local/network, version: '>=v0.0.0'}]}\n"
    )
    alone = f"{{offline: true, packages: {{platform: {{path: {folder}}}}}}}"
    message = golden_command(config_option(tmp_path, alone), stdin=RENDERED).message()
    assert 'dependency "xpkg.devcache.local/network" is not local' in message
    both = alone.replace("packages: {", "packages: {network: {path: packages/network}, ")
    assert golden_command(config_option(tmp_path, both), stdin=RENDERED).status == main.DONE


def test_the_refusal_of_a_kind_names_the_file_but_not_its_content(
    golden_command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    meta = "apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata: {name: x}\n"
    (folder / "crossplane.yaml").write_text(meta)
    (folder / "stray.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: hunter2}\n")
    declared = config_option(tmp_path, f"{{packages: {{xx: {{path: {folder}}}}}}}")
    message = golden_command(declared, stdin=RENDERED).message()
    assert "stray.yaml" in message
    assert '"v1 Secret"' in message
    assert "hunter2" not in message


def test_a_provider_file_without_its_own_registry_needs_an_image(
    golden_command: Command, tmp_path: Path
) -> None:
    file = "path: ../data/xpkg/provider-with-runtime.xpkg"
    alone = f"{{packages: {{nop: {{{file}}}}}}}"
    refusal = golden_command(config_option(tmp_path, alone), stdin=RENDERED).message()
    assert "no registry has the image" in refusal
    pushed = f"{{packages: {{nop: {{{file}, package: 'x.io/acme/nop:v1'}}}}}}"
    assert golden_command(config_option(tmp_path, pushed), stdin=RENDERED).status == main.DONE
    assert golden_command(config_option(tmp_path, alone), stdin=OLD).status == main.DONE, (
        "it may be on the node"
    )


@pytest.mark.parametrize(
    ("revision", "tag"),
    [
        pytest.param("", b":devcache-1700000000@sha256:", id="the-time-of-the-run"),
        pytest.param("7", b":devcache-7@sha256:", id="declared"),
    ],
)
def test_each_revision_of_a_live_release_has_a_unique_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str, tag: bytes
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.5)
    path = str(GOLDEN / "packages" / "network")
    spec = {"live": True, "releaseRevision": revision, "packages": {"network": {"path": path}}}
    file = tmp_path / "devcache.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(HEAD), "spec": spec}))
    assert tag in b"".join(
        filter_command.run(rendered=manifests.BY_HELM["4"].encode(), config=file)
    )
