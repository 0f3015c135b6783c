"""Tests of the room `postrender/commands`."""
