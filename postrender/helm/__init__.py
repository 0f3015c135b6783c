"""Helm as a program: finds it, composes its command lines, runs it, and reads its releases."""
