"""The command line: arguments in, text and an exit status out.

An interrupt while it loads ends the process without a traceback; later, `main` ends it.
"""

import sys

sys.excepthook = lambda kind, *rest: (
    None if issubclass(kind, KeyboardInterrupt) else sys.__excepthook__(kind, *rest)
)
