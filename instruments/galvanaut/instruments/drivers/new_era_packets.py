"""How New Era pumps frame their messages: basic mode, and safe mode with length and checksum.

Sources: NE-1000 manual p. 33-35 (``STX <length> <data> <CRC high, low> ETX``, CRC-16/XMODEM, the packet that returns to
basic mode), florian-lapp/nesp-lib-py ``pump.py``. In which of the two forms a pump answers the change from one to the
other is not documented, so replies are read in either; they cannot be confused, since a length is never a digit.
"""

from __future__ import annotations

from binascii import crc_hqx

_STX, _ETX = 0x02, 0x03
_AROUND = 4  # the length counts itself, the checksum and ETX, but not STX
_DIGITS = b"0123456789"  # a basic reply goes on with the address; as lengths, 48 to 57 are beyond any reply


class NewEraPackets:
    """Messages of one pump.

    Args:
        safe: send safe packets; basic ones otherwise.
    """

    def __init__(self, safe: bool) -> None:
        self._safe = safe

    def pack(self, text: str) -> bytes:
        """``text`` as the pump expects it."""
        data = text.encode("ascii")
        if not self._safe:
            return data + b"\r"
        return bytes([_STX, len(data) + _AROUND]) + data + crc_hqx(data, 0).to_bytes(2, "big") + bytes([_ETX])

    def is_whole(self, data: bytes) -> bool:
        """Whether a reply is complete; one that does not start like a reply never gets better."""
        if len(data) < 2:
            return bool(data) and data[0] != _STX
        if data[0] != _STX:
            return True
        return data[-1] == _ETX if data[1] in _DIGITS else len(data) > data[1]

    def unpack(self, data: bytes) -> str:
        """The text of a reply.

        Raises:
            ValueError: not framed like a reply, of another length, or with another checksum.
        """
        if len(data) < 3 or data[0] != _STX or data[-1] != _ETX:
            raise ValueError("not framed by STX and ETX")
        if data[1] in _DIGITS:
            return _text(data[1:-1])
        if len(data) != data[1] + 1 or data[1] < _AROUND:
            raise ValueError(f"says that it is {data[1]} bytes long and has {len(data) - 1}")
        content, checksum = data[2:-3], int.from_bytes(data[-3:-1], "big")
        if crc_hqx(content, 0) != checksum:
            raise ValueError("checksum does not agree")
        return _text(content)


def _text(content: bytes) -> str:
    if not content.isascii():
        raise ValueError("is not ASCII")
    return content.decode("ascii")


BASIC = NewEraPackets(safe=False)
SAFE = NewEraPackets(safe=True)
