"""The commands. Each is a module that exports its contract as `COMMAND`.

The command `plugin-dir` is the module `plugin_dir`. A call without a command runs `filter`. A
module loads when its command runs or for `--help`, and it imports no other command.
"""
