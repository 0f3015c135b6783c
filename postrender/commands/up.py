"""`up`: brings packages from disk into a cluster, with Crossplane if necessary."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.commands import check, status
from postrender.errors import DevcacheError
from postrender.helm import history, program
from postrender.installation import deployments, preparation, up
from postrender.installation.up import Place, Request
from postrender.interface import arguments
from postrender.interface.command import PROGRAM, Command
from postrender.interface.report import Report, Table
from postrender.live import inventory, watch
from postrender.live.cluster import Cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from postrender.installation.plan import Plan
    from postrender.installation.up import Outcome
    from postrender.interface.command import Options
    from postrender.interface.progress import Screen
    from postrender.manifests.nodes import Plain

_FOLDER = "crossplane-devcache-up"
"""The folder of the files in the commands of a dry run."""


def run(  # noqa: PLR0913  # the options of the command line
    *,
    screen: Screen,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    crossplane: str = "",
    chart: str = "",
    live: bool = True,
    watches: bool = False,
    dry_run: bool = False,
    helm_arguments: Sequence[str] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
    loader: str = "",
    relative_to_file: bool = False,
) -> str | Report:
    """Install packages, wait until they are healthy, and return the report.

    Args:
        screen: Shows the steps and the packages.
        paths: Packages on disk, which are declared as `init` would do it; or none.
        values_files: Values files of our chart, or none.
        crossplane: The Crossplane version; by default that of the release, else that of our chart.
        chart: The upstream chart or ours; by default the upstream chart from its repository.
        live: Whether live mode is on, if the values do not say it and the cluster supports it.
        watches: Whether to watch the packages after it.
        dry_run: Whether to return the commands instead, and to change nothing.
        helm_arguments: Further arguments for `helm upgrade`.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds after which a wait fails.
        loader: A command that reads an image archive from stdin; by default the one of the context.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: See `up.up`. Later errors are in the report.
    """
    cluster = Cluster(context, namespace, loader)
    cache = result_cache.of_user(os.environ)
    request = Request(
        paths, values_files, crossplane, chart, live, helm_arguments, relative_to_file
    )
    with tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-") as folder:
        helm = program.find(context, namespace, Path(folder))
        deployments.require_no_other(cluster)
        name = deployments.release(cluster)
        place = Place(cluster, helm, name, Path(folder), screen, timeout, cache)
        if dry_run:
            plan = up.plan(place, request, history.last(helm, name))
            kubectl = ("kubectl", *(("--context", context) if context else ()))
            return _refusal(plan) or "".join(_commands(place, plan, helm_arguments, kubectl))
        outcome = up.up(place, request)
    if report := _refusal(outcome.plan):
        return report
    if outcome.error:
        return Report(_value(outcome.plan, outcome), tables=(), error=outcome.error)
    if watches:
        _require_live(outcome.plan)
        declarations = [package.declaration for package in outcome.plan.packages]
        watch.watch(cluster, declarations, screen.show, timeout, cache)
    return _report(place, outcome)


def _require_live(plan: Plan) -> None:
    if not plan.is_live:
        problem = "the packages are installed, but live mode is off, so nothing can watch them"
        raise DevcacheError(
            problem, hint="live mode needs Kubernetes 1.29 or later; omit --no-live"
        )


def _refusal(plan: Plan) -> Report | None:
    """Return the report on a plan with errors, or None."""
    errors = plan.checks.count("error")
    if not errors:
        return None
    findings = plan.checks.findings
    rows = [(item.severity, item.where, item.problem, item.hint) for item in findings]
    return Report(
        value=_value(plan, None),
        tables=(Table("Findings", ("SEVERITY", "WHERE", "PROBLEM", "HINT"), tuple(rows)),),
        summary=f"errors: {errors}; the cluster is unchanged",
        refused=True,
    )


def _report(place: Place, outcome: Outcome) -> Report:
    plan = outcome.plan
    columns = ("PACKAGE", "KIND", "REVISION", "STATE")
    rows = [
        (name, kind, state.revision, state.summary)
        for name, kind in ((package.name, package.kind) for package in plan.packages)
        for state in (outcome.states[name],)
    ]
    tables: tuple[Table, ...] = (Table("Packages", columns, tuple(rows)),)
    if plan.is_live:
        declared = tuple(package.declaration for package in plan.packages)
        tables = status.report(inventory.read(place.cluster, declared, place.cache)).tables[:1]
    steps = Table("Steps", ("STEP", "TOOK"), tuple((s, f"{t:.2f} s") for s, t in outcome.steps))
    total = sum(seconds for _, seconds in outcome.steps)
    action = "installed" if outcome.is_upgraded else "up to date"
    return Report(
        value=_value(plan, outcome),
        tables=(*tables, steps),
        summary=f"{action}: release {place.name}, Crossplane {plan.target.version},"
        f" {total:.2f} s in all",
    )


def _value(plan: Plan, outcome: Outcome | None) -> dict[str, Plain]:
    states = outcome.states if outcome else {}
    seconds = outcome.seconds if outcome else {}
    return {
        "crossplane": str(plan.target.version),
        "live": plan.is_live,
        "payload": "apart" if plan.is_apart else "release",
        "upgraded": outcome is not None and outcome.is_upgraded,
        "packages": [
            {
                "name": package.name,
                "kind": package.kind,
                "package": package.reference.text,
                "content": package.content,
                "revision": states[package.name].revision,
                "healthy": states[package.name].is_healthy,
                "trouble": states[package.name].trouble,
                "seconds": round(seconds.get(package.name, 0), 3),
            }
            for package in plan.packages
            if package.name in states
        ],
        "steps": [
            {"step": step, "seconds": round(duration, 3)}
            for step, duration in (outcome.steps if outcome else ())
        ],
        "findings": check.finding_values(plan.checks),
        "error": _error(outcome.error) if outcome and outcome.error else None,
    }


def _error(error: DevcacheError) -> dict[str, Plain]:
    return {"where": error.where, "problem": error.problem, "hint": error.hint}


def _commands(
    place: Place, plan: Plan, more: Sequence[str], kubectl: Sequence[str]
) -> Iterator[str]:
    """Yield the commands of the steps, for a shell in the working directory."""
    cluster, namespace = place.cluster, place.cluster.namespace
    helm = up.commands(place, plan, more, _FOLDER)
    client = shlex.join(kubectl)
    yield f"mkdir -p {_FOLDER}\n"
    for name, text in helm.files.items():
        yield f"cat > {_FOLDER}/{name} <<'EOF'\n{text}EOF\n"
    if preparation.lacks_namespace(cluster):
        yield f"{client} create namespace {namespace}\n"
    if missing := preparation.missing_definitions(cluster, plan):
        crds = f"{PROGRAM} crds --crossplane {plan.target.version}"
        yield f"{crds} | {client} create -f -  # it lacks {len(missing)} of these\n"
    for config_map in preparation.edited_config_maps(cluster):
        yield f"{client} delete configmap -n {namespace} {config_map}\n"
    for deployment in preparation.rolling_deployments(cluster, place.name, plan):
        patch = shlex.quote(json.dumps(deployments.STRATEGY_PATCH))
        yield f"{client} patch deployment -n {namespace} {deployment} --type=merge -p {patch}\n"
    yield from _image_commands(plan, cluster.loader)
    if plan.is_apart:
        option = f"--config={_FOLDER}/devcache.yaml"
        if plan.chart.is_ours:
            option = f"--values={_FOLDER}/values.yaml"
        payload = f"{PROGRAM} payload {option} --namespace={namespace}"
        yield f"{payload} | {client} apply --server-side -f -\n"
    if place.helm.major > 3:  # noqa: PLR2004  # Helm 4 and later run plugins
        plugins = f"$({PROGRAM} plugin-dir):$(helm env HELM_PLUGINS)"
        yield f'HELM_PLUGINS="{plugins}" '
    yield f"{program.command(helm.arguments)}\n"


def _image_commands(plan: Plan, loader: str) -> Iterator[str]:
    """Yield the commands that load the runtimes of packages into the nodes."""
    option = f" --loader={shlex.quote(loader)}" if loader else ""
    for package in plan.packages:
        if package.is_embedded:
            path = shlex.quote(package.declaration.path)
            yield f"{PROGRAM} image load {path} --name={package.name}{option}\n"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{COMMAND.help}.\nArguments after `--` go to `helm upgrade`."
    description = "an .xpkg file or a package directory, declared as `init` would do it"
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=description)
    arguments.values(parser)
    arguments.crossplane(parser, "the version (default: that of the release, or of our chart)")
    parser.add_argument(
        "--chart",
        metavar="CHART",
        help="the upstream chart or ours: a folder, a .tgz or a reference"
        " (default: upstream's from its repository)",
    )
    parser.add_argument("--no-live", dest="live", action="store_false", help="leave live mode off")
    parser.add_argument(
        "--watch", dest="watches", action="store_true", help="then push every save, as `watch` does"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the commands, and run none")
    arguments.cluster(parser)
    arguments.timeout(parser)
    arguments.loader(parser)
    arguments.output(parser)


def _problem(options: Options) -> str:
    if bool(options.get("paths")) == ("values_files" in options):
        return "name packages, or -f FILE, but not both"
    if options.get("watches") and "output" in options:
        return "--watch and --output exclude each other"
    return ""


COMMAND = Command(
    help="bring packages from disk into a cluster, and wait until they are healthy",
    example="up ./platform ./network.xpkg",
    arguments=_arguments,
    run=run,
    problem=_problem,
    rest="helm_arguments",
    shows="steps",
)
