"""The commands, a module each, which exports its contract as `COMMAND`.

The command `plugin-dir` is the module `plugin_dir`. The command line without a command is `filter`.
A module loads when its command runs, or for `--help`, and imports no other command.
"""
