"""Tests of the load of embedded runtimes: only images that a node lacks, for its platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender.declared.devcache import EMBEDDED, Settings
from postrender.errors import DevcacheError
from postrender.live import images
from postrender.live.cluster import Cluster
from tests.shared import api_http, live_release
from tests.shared.api_server import ApiServer
from tests.shared.live_release import package
from tests.shared.package_files import with_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage
    from tests.shared.api_server import Object


def function(folder: Path, architecture: str = "amd64", image: str = EMBEDDED) -> LocalPackage:
    path = with_runtime(folder / "zones.xpkg", architecture=architecture)
    declaration = package(folder, "zones")._replace(path=str(path), settings=Settings(image))
    [local] = live_release.local_packages(declaration)
    return local


def node(name: str, *names: str, architecture: str = "amd64") -> Object:
    reported: list[Plain] = [{"names": [f"docker.io/library/{name}", name]} for name in names]
    info: Object = {"operatingSystem": "linux", "architecture": architecture}
    return {"metadata": {"name": name}, "status": {"images": reported, "nodeInfo": info}}


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    with api_http.current_context(server.answer, tmp_path):
        yield Cluster("", "crossplane-system", f"sh -c 'cat >{tmp_path}/archive'")


def steps(_: str) -> None:
    """Show nothing."""


def test_an_image_has_the_name_of_the_package_and_the_digits_of_its_digest(tmp_path: Path) -> None:
    local = function(tmp_path)
    runtime = local.on_disk.runtime
    assert runtime
    assert local.runtime_image == f"xpkg.devcache.local/zones:{runtime.digest[7:19]}"


@pytest.mark.parametrize("lacking", [[], ["first"], ["first", "second"]])
def test_an_image_is_loaded_if_a_node_lacks_it(
    server: ApiServer, cluster: Cluster, tmp_path: Path, lacking: list[str]
) -> None:
    local = function(tmp_path)
    for name in ("first", "second"):
        reported = [] if name in lacking else [local.runtime_image]
        server.objects["nodes", name] = node(name, *reported)
    loaded = images.load(cluster, [local], steps)
    assert loaded == ((local.runtime_image,) if lacking else ())
    assert (tmp_path / "archive").exists() == bool(lacking)


def test_a_package_with_another_image_or_none_is_not_loaded(
    cluster: Cluster, server: ApiServer, tmp_path: Path
) -> None:
    assert images.load(cluster, [function(tmp_path, image="registry.example.com/a:b")], steps) == ()
    assert server.request_count == 0


@pytest.mark.parametrize(
    ("architectures", "is_refused"),
    [
        pytest.param(["amd64"], False, id="the-same"),
        pytest.param(["arm64", "amd64"], False, id="one-of-the-nodes"),
        pytest.param(["arm64"], True, id="another"),
    ],
)
def test_a_runtime_for_another_platform_is_refused(
    server: ApiServer,
    cluster: Cluster,
    tmp_path: Path,
    architectures: list[str],
    *,
    is_refused: bool,
) -> None:
    for number, architecture in enumerate(architectures):
        server.objects["nodes", str(number)] = node(str(number), architecture=architecture)
    local = function(tmp_path)
    if not is_refused:
        assert images.load(cluster, [local], steps) == (local.runtime_image,)
        return
    with pytest.raises(DevcacheError, match="for linux/amd64, but the nodes are linux/arm64"):
        images.load(cluster, [local], steps)
    assert not (tmp_path / "archive").exists(), "nothing was sent"
