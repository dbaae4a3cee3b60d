"""The command line. Commands are thin; heavy packages are imported when a command needs them."""

from galvanaut.flows.cli.app import main

__all__ = ["main"]
