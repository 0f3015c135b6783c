"""`plugin-dir`: the folder of the Helm plugin."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.shared.installed_command import run


def test_the_folder_serves_helm_plugin_install_and_helm_plugins() -> None:
    folder = Path(run("plugin-dir").stdout.decode().strip())
    version = run("--version").stdout.decode().strip()
    plugins = [folder / "plugin.yaml", *folder.glob("*/plugin.yaml")]
    assert len(plugins) == 2
    assert len({path.read_text() for path in plugins}) == 1
    plugin = yaml.safe_load(plugins[0].read_text())
    assert (plugin["name"], plugin["version"]) == ("crossplane-devcache", version)
