"""Gives the scenarios a cluster per line, reports failures, and records results."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster import certificates, state
from tests.cluster import cluster as nodes
from tests.cluster.trouble import ClusterError
from tests.e2e import lines, packages
from tests.e2e.api_server import ApiServer
from tests.e2e.commands import Program
from tests.e2e.crossplane import Crossplane
from tests.e2e.kubernetes import Kubernetes
from tests.e2e.lines import Line
from tests.e2e.node import Node
from tests.e2e.registry import Registry
from tests.e2e.report import report
from tests.e2e.results import Result
from tests.e2e.shelf import Shelf
from tests.shared.programs import path_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.cluster.cluster import Cluster
    from tests.e2e.packages import Declarations

RESULTS: dict[Line, Result] = {}
"""The results so far, by line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --crossplane and --kubernetes."""
    parser.addoption(
        "--crossplane", default="", help="lines to run on, `all`, or 2.4-helm4 for one major"
    )
    parser.addoption("--kubernetes", default="", help="lines of Kubernetes to run on, or `all`")


def pytest_configure() -> None:
    """Treat termination like Ctrl-C, so that the cluster is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each scenario on each line."""
    if "line" in metafunc.fixturenames:
        options = metafunc.config.option
        selected = lines.select(options.crossplane, options.kubernetes)
        metafunc.parametrize("line", selected, ids=str, scope="session")


@pytest.fixture(scope="session")
def cluster(line: Line) -> Iterator[Cluster]:
    """A cluster per line, because a start is faster than the removal of another line."""
    try:
        runtimes = [packages.runtime(name) for name in packages.RUNTIMES]
        cluster = nodes.up(state.suite(), line.kubernetes, [line.version], runtimes, temporary=True)
    except ClusterError as error:
        pytest.exit(f"the cluster did not start: {error}", returncode=1)
    yield cluster
    cluster.down()


@pytest.fixture(scope="session")
def kubernetes(cluster: Cluster) -> Iterator[Kubernetes]:
    kubectl = Program(str(cluster.kubectl), {"KUBECONFIG": str(cluster.kubeconfig)})
    url, keys = certificates.server(cluster.state), cluster.state.keys
    with closing(ApiServer(url, keys, kubectl)) as api_server:
        yield Kubernetes(kubectl, api_server)


@pytest.fixture(scope="session")
def node(cluster: Cluster, kubernetes: Kubernetes) -> Node:
    return Node(cluster, kubernetes)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="session")
def registry(cluster: Cluster, shelf: Shelf) -> Registry:
    return Registry(cluster, shelf)


@pytest.fixture(scope="session")
def crossplane(
    line: Line,
    cluster: Cluster,
    kubernetes: Kubernetes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Crossplane:
    """The Crossplane of a line, not installed yet."""
    folder = tmp_path_factory.mktemp(str(line))
    homes = {f"HELM_{name}_HOME": str(folder / name) for name in ("CACHE", "CONFIG", "DATA")}
    environment = {"KUBECONFIG": str(cluster.kubeconfig), **homes}
    helm = Program(path_of(f"HELM{line.helm}"), environment)
    command = str(Path(sys.executable).parent / "crossplane-devcache")
    devcache = Program(command, {"KUBECONFIG": str(cluster.kubeconfig)})
    if line.helm == 4:
        helm("plugin", "install", devcache("plugin-dir").strip())
    chart = "crossplane-devcache" if line.ours else "upstream, --config"
    versions = (line.version, version(helm), kubernetes.version(), chart)
    RESULTS[line] = Result(*versions, f"{datetime.now(UTC):%Y-%m-%d}")
    return Crossplane(line, helm, devcache, kubernetes, folder)


@pytest.fixture(scope="session")
def fleet(registry: Registry, line: Line) -> Declarations:
    """A complete API from local packages: examples/fleet and its dependencies."""
    return packages.fleet(registry, line)


def version(helm: Program) -> str:
    """Return the version of Helm, such as 4.3.2."""
    return helm("version", "--template={{.Version}}").strip().removeprefix("v")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a report on the cluster to a failure, and make the next scenario start from scratch."""
    result = yield
    if isinstance(item, pytest.Function) and isinstance(line := item.funcargs.get("line"), Line):
        record(line, result, f"{item.path.name}::{item.originalname}")
    if result.failed and isinstance(item, pytest.Function):
        kubernetes = item.funcargs.get("kubernetes")
        if isinstance(kubernetes, Kubernetes):
            result.sections.append(("the cluster", report(kubernetes)))
        crossplane = item.funcargs.get("crossplane")
        if isinstance(crossplane, Crossplane):
            crossplane.is_broken = True
    return result


def record(line: Line, report: pytest.TestReport, scenario: str) -> None:
    """Record the outcome of a scenario: passed, unless a part or a variant of it failed."""
    if line not in RESULTS or not (report.failed or report.when == "call"):
        return
    outcomes = RESULTS[line].outcomes
    outcomes[scenario] = "failed" if report.failed else outcomes.get(scenario, report.outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results of the lines, unless this run is a selection such as the smoke tests."""
    if session.config.option.markexpr:
        return
    for line, result in RESULTS.items():
        if result.outcomes:
            result.write(line)
