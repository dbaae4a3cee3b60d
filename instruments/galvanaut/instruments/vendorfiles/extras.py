"""Other people's readers of binary files: installed on demand, and trusted only as far as their results are checked."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from galvanaut.core.errors import InputError

T = TypeVar("T")


def reader(path: object, module: str, extra: str, licence: str) -> Any:
    """A module that an extra of this package brings.

    Args:
        path: of the file that needs it, for the message.
        module: to import.
        extra: its name in pyproject.toml.
        licence: of what is installed, for the message.

    Raises:
        InputError: it is not installed; says how to install it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        package = module.partition(".")[0]
        raise InputError(
            path,
            f"needs {package} ({licence}) to be read, which is not installed: pip install 'galvanaut[{extra}]', or in "
            f"a clone uv run --extra {extra}",
        ) from None


def ask(path: object, package: str, call: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """Let a reader read.

    Returns:
        What it read, and what it warned of.

    Raises:
        InputError: it could not read the file.
    """
    heard = _Heard()
    logger = logging.getLogger(package)
    logger.addHandler(heard)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = call()
    except Exception as error:  # a reader of a format that nobody has specified raises whatever it stumbles over
        why = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            path,
            f"cannot be read by {package} ({why}): it is damaged, cut short or of a version that {package} does not "
            "know. Copy or export it again",
        ) from None
    finally:
        logger.removeHandler(heard)
    said = [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    return result, tuple(f"{package}: {text}" for text in (*said, *heard.texts))


class _Heard(logging.Handler):
    """Collects what a package warns of in its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.texts.append(record.getMessage())
