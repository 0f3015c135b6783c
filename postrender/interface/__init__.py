"""The contract between a command and the command line: arguments in, text or a report out."""
