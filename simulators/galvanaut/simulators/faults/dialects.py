"""How the instruments of each driver say who they are, what they measured, and that they could not.

Sources: the command tables that the simulated instruments follow. Illustrative: which foreign name stands in for the
instrument's own, and that a loop controller without a sensor answers SCPI's "not a number".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.devices.ne1000_packets import ETX, STX, data_of, packet

Answer = Callable[[bytes, bytes], bytes]
"""From a message and its reply (without terminator) to another reply."""
Failure = Callable[[bytes, bytes, np.random.Generator], bytes]

_SCPI_READING = re.compile(rb"(?:READ|DATA|AH|PVALUE)\?|(?:FETCH?|MEAS(?:URE)?)(?::[A-Z:]*)?\?|\*TRG", re.IGNORECASE)
_IDN = re.compile(rb"\*IDN\?", re.IGNORECASE)
_NUMBER = re.compile(rb"[ +-]?\d+\.\d+E[+-]\d+")
_NOT_A_NUMBER = (b"9.900000E+37", b"9.910000E+37")
_NEVER = re.compile(rb"(?!)")


@dataclass(frozen=True)
class Dialect:
    """What the replies of one driver's instruments look like.

    Attributes:
        identity: found in a message that asks who is there.
        other: the answer of another instrument to it.
        reading: found in a message that asks for a measured value.
        failure: the answer when there is no such value.
    """

    identity: re.Pattern[bytes]
    other: Answer
    reading: re.Pattern[bytes] = _NEVER
    failure: Failure = lambda message, reply, random: reply


def _named(name: bytes) -> Answer:
    return lambda message, reply: name


def _overflow(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    """Every number in exponent form becomes SCPI's overflow or its "not a number"."""
    value = _NOT_A_NUMBER[random.integers(2)]
    return _NUMBER.sub(lambda match: (b"+" if match[0].startswith(b"+") else b"") + value, reply)


def _no_impedance(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    """The same with the status of an overload or of no data."""
    spoilt, status = _overflow(message, reply, random), (b"-1", b"+1")[random.integers(2)]
    return re.sub(rb"(?<=E\+37,)\+0(?=,|$)", status, spoilt)


def _no_sensor(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    return b"ERROR" if b"ERROR" in message.upper() else _NOT_A_NUMBER[1]


def _open_leads(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    """Beyond the range, or leads that do not touch."""
    resistance, voltage = ((b" 10.0000E+8", b" 1.00000E+9"), (b" 10.0000E+9", b" 1.00000E+10"))[random.integers(2)]
    return resistance + b"," + voltage if b"," in reply else voltage


def _not_ready(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    return (b"NA:DATA NOT READY", b"NA:CHB NOT READY")[random.integers(2)]


def _no_weight(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    head = reply.split()[0]
    return (head + b" +", head + b" -", b"S S Error 10b")[random.integers(3)]


def _no_line(message: bytes, reply: bytes, random: np.random.Generator) -> bytes:
    word = (b"High", b"Low", b"ERR 02")[random.integers(3)]
    columns = (8, 6) if len(reply) < 20 else (10, 10)
    return b"Stat".ljust(columns[0]) + word.ljust(columns[1])


def _other_pump(message: bytes, reply: bytes) -> bytes:
    """A status and a name that is no New Era version; an alarm comes before any name."""
    is_packet = data_of(reply + ETX) is not None
    data = reply[2:-2] if is_packet else reply[1:]
    if data[2:3] == b"A":
        return reply
    data = data[:3] + b"PHD2000V1.0"
    return packet(data)[: -len(ETX)] if is_packet else STX + data


def _scpi(other: bytes, failure: Failure = _overflow) -> Dialect:
    return Dialect(_IDN, _named(other), _SCPI_READING, failure)


DIALECTS: dict[str, Dialect] = {
    "new-era-ne-1000": Dialect(re.compile(rb"VER", re.IGNORECASE), _other_pump),
    "mettler-mt-sics": Dialect(
        re.compile(rb"^(?:@|I2|I3|I4|I11)\r?$"),
        _named(b"Entris BCE224"),
        re.compile(rb"^(?:S|SI|T|TI)\r?$"),
        _no_weight,
    ),
    "sartorius-sbi": Dialect(
        re.compile(rb"^\x1bx[12]_"), _named(b'I4 A "B123456789"'), re.compile(rb"^\x1bP"), _no_line
    ),
    "watlow-f4t": Dialect(
        _IDN, _named(b"EUROTHERM,EPC3004,SIMULATED,1.0"), re.compile(rb"(?:PVALUE|ERROR)\?", re.IGNORECASE), _no_sensor
    ),
    "espec-p300": Dialect(
        re.compile(rb"(?:ROM|TYPE)\?", re.IGNORECASE),
        lambda message, reply: b"T,SCP220,150.0" if b"TYPE" in message.upper() else b"SCP220 2.10 SIMULATED",
        re.compile(rb"(?:TEMP|MON)\?", re.IGNORECASE),
        _not_ready,
    ),
    "keysight-e4980a": _scpi(b"Keysight Technologies,N6705C,SIMULATED,E.02.09.3438", _no_impedance),
    "keithley-daq6510": _scpi(b"KEITHLEY INSTRUMENTS,MODEL 2450,SIMULATED,1.7.12b"),
    "keithley-2281s": _scpi(b"KEITHLEY INSTRUMENTS,MODEL 2450,SIMULATED,1.7.12b"),
    "keithley-2450": _scpi(b"KEITHLEY INSTRUMENTS,MODEL DAQ6510,SIMULATED,1.7.12b"),
    "keysight-n6705c": _scpi(b"Keysight Technologies,E4980A,SIMULATED,B.07.01"),
    "hioki-bt3562a": _scpi(b"HIOKI,IM3536,0,V1.00", _open_leads),
    "virtual-assembler": Dialect(_IDN, _named(b"GALVANAUT,VIRTUAL BENCH,SIMULATED,1")),
}
"""By driver."""
