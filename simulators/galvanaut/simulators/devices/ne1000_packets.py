"""The packets of a New Era pump's safe mode: STX, length, data, checksum, ETX.

Sources: the command table of the NE-1000 manual; nesp-lib-py (florian-lapp) for the packets' use. The length counts
itself and everything after it: data, two bytes of checksum and ETX. The checksum is CRC-16/XMODEM of the data.
"""

from __future__ import annotations

from binascii import crc_hqx

STX, ETX = b"\x02", b"\x03"
_FRAME = 4  # length, two bytes of checksum, ETX


def packet(data: bytes) -> bytes:
    """``data`` as a packet; at most 251 bytes."""
    return STX + bytes([len(data) + _FRAME]) + data + crc_hqx(data, 0).to_bytes(2, "big") + ETX


def data_of(whole: bytes) -> bytes | None:
    """The data of a packet; None if it is damaged."""
    data = whole[2:-3]
    return data if whole == packet(data) else None


def first_packet(incoming: bytes) -> tuple[bytes, bytes] | None:
    """The first packet of some bytes and what comes after it; None when none is whole.

    Bytes in front of a packet are thrown away, and so is an STX whose length cannot be one.
    """
    start = incoming.find(STX)
    while 0 <= start < len(incoming) - 1:
        end = start + 1 + incoming[start + 1]
        if end > start + _FRAME:
            return (incoming[start:end], incoming[end:]) if len(incoming) >= end else None
        start = incoming.find(STX, start + 1)
    return None
