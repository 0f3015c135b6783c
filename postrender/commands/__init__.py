"""The commands, a module each: `run` takes the command line's options and returns what is printed.

A command `plugin-dir` is the module `plugin_dir`; the command line without a command is `filter`.
The options are keyword arguments, named as `postrender/arguments.py` names them. A module is
imported when its command is run, and nothing here imports another command.
"""
