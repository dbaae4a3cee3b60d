"""The link: replies belong to questions, silence is never papered over, and every error names its culprit."""

import contextlib
import socket
import threading
import time

import pytest
import pyvisa
from pyvisa.constants import ResourceAttribute, StatusCode

from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError
from galvanaut.instruments.link import Framing, Link

SOCKET = "TCPIP::192.0.2.11::5025::SOCKET"
USB = "USB0::0x2A8D::0x2F01::MY1::INSTR"
IDENTITY = b"Keysight Technologies,E4980A,MY1,A.06\n"


@pytest.fixture
def meter(wire):
    return lambda *dialogue, resource=SOCKET: wire(list(dialogue)).link("keysight-e4980a", resource)


def test_bytes_on_the_wire_are_traced(wire):
    one = wire([(b":FREQ?\n", b"+1.0E+03\n")])
    assert one.link("keysight-e4980a", SOCKET).query(":FREQ?") == "+1.0E+03"
    assert one.traffic == [("subject", ">", b":FREQ?\n"), ("subject", "<", b"+1.0E+03\n")]


def test_terminators_and_baud_rate_are_explicit(wire):
    one = wire([])
    one.link("new-era-ne-1000", syringe_diameter="26.59 mm", rate="10 mL/min")
    assert one.library.attributes[ResourceAttribute.termchar] == 0x03
    assert one.library.attributes[ResourceAttribute.termchar_enabled]
    assert one.library.attributes[ResourceAttribute.asrl_baud_rate] == 19200
    assert one.library.attributes[ResourceAttribute.timeout_value] == 1000


@pytest.mark.parametrize("timeouts", [1, 2])
def test_a_late_reply_never_answers_the_next_question(meter, late, timeouts):
    """It comes while the line is being emptied (1), or only after that, before the identity (2)."""
    link = meter((b":FREQ?\n", late(b"+1.0E+03\n", timeouts)), (b"*IDN?\n", IDENTITY), (b":VOLT:LEV?\n", b"+1.0E-02\n"))
    with pytest.raises(NoReplyError, match=r"Keysight E4980A at TCPIP::192.0.2.11.*no reply within 5 s.*':FREQ\?'"):
        link.query(":FREQ?")
    assert link.query(":VOLT:LEV?") == "+1.0E-02"


def test_a_late_identity_is_not_taken_for_two_answers(meter, late):
    link = meter((b"*IDN?\n", late(IDENTITY, 2)), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n"))
    with pytest.raises(NoReplyError):
        link.query("*IDN?")
    assert link.query(":FREQ?") == "+1.0E+03"


@pytest.mark.parametrize("resource", [SOCKET, "ASRL1::INSTR"])
def test_a_reply_that_comes_twice_never_answers_the_next_question(wire, twice, resource):
    one = wire([(b":FREQ?\n", twice(b"+1.0E+03\n")), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+2.0E+03\n")])
    link = one.link("keysight-e4980a", resource)
    assert link.query(":FREQ?") == "+1.0E+03"
    assert link.query(":FREQ?") == "+2.0E+03"


def test_time_passes_by_listening(wire):
    one = wire([])
    one.link("keysight-e4980a", SOCKET).pause(3.5)
    assert one.library.attributes[ResourceAttribute.timeout_value] == 3500


def test_what_comes_during_a_pause_was_not_asked_for(meter):
    link = meter((b":FREQ 1000\n", b"noise\n"), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n"))
    link.write(":FREQ 1000")
    with pytest.raises(BadReadingError, match=r"talks without being asked.*'noise"):
        link.pause(1)
    assert link.query(":FREQ?") == "+1.0E+03"


def test_an_instrument_that_stays_silent_is_asked_nothing_else(meter):
    link = meter((b":FREQ?\n", None), (b"*IDN?\n", None), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n"))
    for sent in (":FREQ", "IDN"):
        with pytest.raises(NoReplyError, match=f"{sent}.*treat the instrument as lost"):
            link.query(":FREQ?")
    assert link.query(":FREQ?") == "+1.0E+03"


def test_a_command_after_silence_waits_for_the_identity_too(meter):
    link = meter((b":FREQ?\n", None), (b"*IDN?\n", IDENTITY), (b":FREQ 20\n", None))
    with pytest.raises(NoReplyError):
        link.query(":FREQ?")
    link.write(":FREQ 20")


def test_an_instrument_that_talks_by_itself_is_given_up(wire):
    one = wire([(b":FREQ?\n", None)])
    link = one.link("keysight-e4980a", SOCKET)
    with pytest.raises(NoReplyError):
        link.query(":FREQ?")
    one.library._incoming.extend([b"noise\n"] * 30)
    with pytest.raises(NoReplyError, match="talks without being asked"):
        link.query(":FREQ?")


def test_another_instrument_after_silence_is_noticed(wire):
    one = wire([(b":FREQ?\n", None), (b"*IDN?\n", b"other\n")])
    link = one.link("keysight-e4980a", SOCKET)
    with pytest.raises(NoReplyError):
        link.query(":FREQ?")
    with pytest.raises(NoReplyError, match=r"no reply within 5 s \[sent '\*IDN\?'\]"):
        link.query(":FREQ?")


def test_where_there_is_a_device_clear_it_is_used(wire):
    one = wire([(b":FREQ?\n", None), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n")])
    link = one.link("keysight-e4980a", USB)
    with pytest.raises(NoReplyError):
        link.query(":FREQ?")
    assert link.query(":FREQ?") == "+1.0E+03"
    assert one.library.cleared == 2


@pytest.fixture
def silenced(wire):
    """A wire and its link over USB, on which a question was not answered; ``dialogue`` is what comes next."""

    def make(*dialogue):
        one = wire([(b":FREQ?\n", None), *dialogue])
        link = one.link("keysight-e4980a", USB)
        with pytest.raises(NoReplyError):
            link.query(":FREQ?")
        return one, link

    return make


@pytest.mark.parametrize(
    "failure", [StatusCode.error_io, StatusCode.error_timeout, StatusCode.error_connection_lost, OSError(19, "gone")]
)
@pytest.mark.parametrize("ask", [Link.query, Link.write])
def test_a_device_clear_that_fails_is_a_lost_connection(silenced, ask, failure):
    one, link = silenced()
    one.library.clear_fails = failure
    with pytest.raises(NoReplyError, match=r"^subject \(Keysight E4980A at USB0.*connection failed .*connect again"):
        ask(link, ":FREQ?")


def test_a_device_clear_that_fails_on_a_fresh_connection_is_a_lost_connection(silenced):
    one, link = silenced()
    one.library.clear_fails = StatusCode.error_io
    with pytest.raises(NoReplyError, match=r"subject .*connection failed \(VI_ERROR_IO"):
        link.reopen(one.manager)


@pytest.mark.parametrize("ask", [Link.query, Link.write])
def test_after_a_silence_and_closing_nothing_is_sent(silenced, ask):
    _, link = silenced()
    link.close()
    with pytest.raises(NoReplyError, match="connection failed"):
        ask(link, ":FREQ?")


def test_without_a_device_clear_the_line_is_read_empty(silenced):
    """As over USB with pyvisa-py."""
    one, link = silenced((b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n"))
    one.library.clear_fails = StatusCode.error_nonsupported_operation
    one.library._incoming.append(b"+9.9E+09\n")
    assert link.query(":FREQ?") == "+1.0E+03"


@pytest.mark.parametrize("noise", [b"+1.0\xffE+03\n", b"+1.0E+03", b"+1.0E+03\r"])
def test_noise_is_no_reply_and_the_line_is_settled_afterwards(meter, noise):
    link = meter((b":FREQ?\n", noise), (b"*IDN?\n", IDENTITY), (b":FREQ?\n", b"+1.0E+03\n"))
    with pytest.raises(BadReadingError, match=r"garbled reply.*check cable"):
        link.query(":FREQ?")
    assert link.query(":FREQ?") == "+1.0E+03"


def test_a_reply_without_its_first_byte_is_noise(wire):
    link = wire([(b"0\r", b"00S\x03")]).link("new-era-ne-1000", syringe_diameter="26.59 mm", rate="10 mL/min")
    with pytest.raises(BadReadingError, match="garbled"):
        link.query("0")


@pytest.mark.parametrize("ask", [Link.query, Link.write])
def test_a_broken_connection_is_silence_of_unknown_outcome(meter, ask):
    link = meter((b":FREQ 20\n", BrokenPipeError("broken pipe")))
    with pytest.raises(NoReplyError, match=r"connection failed \(broken pipe\).*':FREQ 20'.*connect again"):
        ask(link, ":FREQ 20")


def test_a_resource_that_is_not_there(meter):
    with pytest.raises(NoReplyError, match=r"ASRL1::missing.*cannot be opened.*VI_ERROR_RSRC_NFOUND.*no other program"):
        meter(resource="ASRL1::missing::INSTR")


def test_closing_twice_is_no_error(wire):
    one = wire([])
    link = one.link("keysight-e4980a", SOCKET)
    link.close()
    link.close()
    assert one.library.closed == [2]  # its own session, not that of the resource manager


def test_after_closing_nothing_is_sent(meter):
    link = meter()
    link.close()
    with pytest.raises(NoReplyError, match="connection failed"):
        link.query(":FREQ?")


# From here on over a real socket and pyvisa-py.


class Peer:
    """A small instrument on a socket; ``answer`` maps a line to (delay in s, reply) or None to hang up."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    answer = self._answer(line.decode().strip())
                    if answer is None:
                        return
                    time.sleep(answer[0])
                    connection.sendall(answer[1])

    def close(self):
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def dial():
    """A link with a time-out of 0.15 s to a peer."""
    manager = pyvisa.ResourceManager("@py")
    with contextlib.ExitStack() as stack:

        def make(answer) -> Link:
            peer = Peer(answer)
            stack.callback(peer.close)
            framing = Framing(b"\n", b"\n", "*IDN?", lambda reply: reply.startswith("real,"), timeout_s=0.15)
            link = Link.open(manager, f"TCPIP::127.0.0.1::{peer.port}::SOCKET", framing, "subject")
            stack.callback(link.close)
            return link

        yield make


def test_late_replies_over_a_socket(dial):
    link = dial(
        lambda line: (0.25, b"late\n") if line == "slow?" else (0, b"real,1\n" if line == "*IDN?" else b"fast\n")
    )
    for _ in range(2):
        with pytest.raises(NoReplyError, match=r"no reply within 0\.15 s"):
            link.query("slow?")
        assert [link.query("fast?") for _ in range(3)] == ["fast"] * 3


def test_a_peer_that_hangs_up_does_not_hang_the_host(dial):
    link = dial(lambda line: None if line == "bye" else (0, b"real,1\n"))
    assert link.query("*IDN?") == "real,1"
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(NoReplyError):
            link.query("bye")
    assert time.monotonic() - started < 3


def test_a_closed_port_is_noticed_at_the_first_question(dial):
    link = dial(lambda line: (0, b"real,1\n"))
    dead = Link.open(
        pyvisa.ResourceManager("@py"), "TCPIP::127.0.0.1::1::SOCKET", Framing(b"\n", b"\n", "*IDN?", bool), "dead"
    )
    with pytest.raises(InstrumentError, match=r"dead \(TCPIP::127\.0\.0\.1::1::SOCKET\): connection failed"):
        dead.query("*IDN?")
    dead.close()
    assert link.query("*IDN?") == "real,1"  # closing one link leaves the others alone


@pytest.mark.parametrize("error", [EOFError(), RuntimeError("Connection was dropped by server.")])
@pytest.mark.parametrize("what", ["read", "write"])
def test_whatever_a_protocol_of_pyvisa_py_lets_through_is_a_lost_connection(dial, monkeypatch, what, error):
    def fails(*_):
        raise error

    link = dial(lambda line: (0, b"real,1\n"))
    session = link._resource.visalib.sessions[link._resource.session]
    monkeypatch.setattr(session, what, fails)
    with pytest.raises(NoReplyError, match=r"subject .*: connection failed .*\*IDN\?"):
        link.query("*IDN?")


def test_small_messages_are_sent_without_delay(dial):
    link = dial(lambda line: (0, b"real,1\n"))
    session = link._resource.visalib.sessions[link._resource.session]
    assert session.interface.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_threads_that_share_a_link_each_get_their_own_reply(dial):
    link = dial(lambda line: (0, line.encode() + b"\n"))
    wrong: list[str] = []

    def ask(name: str) -> None:
        wrong.extend(reply for n in range(100) if (reply := link.query(f"{name}{n}")) != f"{name}{n}")

    threads = [threading.Thread(target=ask, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
