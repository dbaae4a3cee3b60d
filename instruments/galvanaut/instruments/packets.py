"""Messages that are more than a text and its end."""

from __future__ import annotations

from typing import Protocol


class Packets(Protocol):
    """Messages that are more than a text and an end, e.g. with length and checksum."""

    def pack(self, text: str) -> bytes:
        """The bytes of a message, complete."""
        ...

    def is_whole(self, data: bytes) -> bool:
        """Whether ``data`` is a complete reply, or can never become one."""
        ...

    def unpack(self, data: bytes) -> str:
        """The text of a reply.

        Raises:
            ValueError: it is damaged; says how.
        """
        ...
