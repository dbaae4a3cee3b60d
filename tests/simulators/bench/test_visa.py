"""The VISA library: resources, terminators, time-outs, errors; nothing shared between two of them."""

from __future__ import annotations

import pytest
import pyvisa
from pyvisa.constants import AccessModes, BufferOperation, ResourceAttribute, SerialTermination, StatusCode

from galvanaut.simulators.faults import parse_fault

CHAMBER = "TCPIP::192.0.2.10::5025::SOCKET"


def test_resources_are_listed_by_expression(lines) -> None:
    assert lines.manager.list_resources("?*11::INSTR") == ("ASRL11::INSTR",)
    assert lines.manager.list_resources("TCPIP?*") == (
        "TCPIP0::192.0.2.10::5025::SOCKET",
        "TCPIP0::192.0.2.11::5025::SOCKET",
    )
    assert len(lines.manager.list_resources()) == 5


def code_of(action, *arguments, **keywords) -> StatusCode:
    with pytest.raises(pyvisa.VisaIOError) as error:
        action(*arguments, **keywords)
    return error.value.error_code


def test_an_unknown_resource_is_not_found(lines) -> None:
    code = StatusCode.error_resource_not_found
    assert code_of(lines.manager.open_resource, "ASRL99::INSTR") == code
    assert code_of(lines.manager.open_resource, "TCPIP::192.0.2.10::5026::SOCKET") == code


def test_a_serial_line_has_room_for_one_and_a_socket_for_many(lines) -> None:
    first = lines.manager.open_resource("ASRL1::INSTR")
    assert code_of(lines.manager.open_resource, "ASRL1::INSTR") == StatusCode.error_resource_busy
    first.close()
    lines.manager.open_resource("ASRL1::INSTR").close()
    lines.manager.open_resource(CHAMBER)
    lines.manager.open_resource(CHAMBER)


def test_locks_are_not_supported_as_in_pyvisa_py(lines) -> None:
    code = StatusCode.error_nonsupported_operation
    assert code_of(lines.manager.open_resource, CHAMBER, AccessModes.exclusive_lock) == code


@pytest.mark.parametrize("name", ["salt", "balance", "chamber", "lcr"])
def test_a_read_without_reply_spends_the_time_out(lines, name: str) -> None:
    line = lines[name]
    line.timeout = 2500
    start = lines.bench.clock.now()
    assert code_of(line.read) == StatusCode.error_timeout
    assert lines.bench.clock.now() - start == pytest.approx(2.5)


def test_an_endless_read_ends_at_once(lines) -> None:
    lines["lcr"].timeout = None
    start = lines.bench.clock.now()
    assert code_of(lines["lcr"].read) == StatusCode.error_timeout
    assert lines.bench.clock.now() == start


def test_a_failed_query_times_out_and_leaves_its_error(lines) -> None:
    assert code_of(lines["lcr"].query, ":NONSENSE?") == StatusCode.error_timeout
    assert lines.ask("lcr", ":SYST:ERR?").startswith("-113")


def test_a_late_reply_goes_to_the_next_reader_unless_the_line_is_cleared(lines) -> None:
    lines.dose("salt", 1)
    balance = lines["balance"]
    balance.timeout = 100
    assert code_of(balance.query, "S") == StatusCode.error_timeout
    lines.bench.clock.spend(5)
    assert balance.query("I11") == "S S     1.2500 g"
    balance.clear()
    assert balance.query("I11") == 'I11 A "XPR204"'


def test_a_message_may_come_in_pieces_and_two_in_one_piece(lines) -> None:
    line = lines["lcr"]
    line.write_raw(b"*ID")
    line.write_raw(b"N?\n*OPC?\n:FREQ")
    assert line.read().startswith("Keysight")
    assert line.read() == "1"
    line.write_raw(b"?\n")
    assert line.read() == "+1.00000E+03"


def test_clear_forgets_half_a_message(lines) -> None:
    line = lines["lcr"]
    line.write_raw(b"GARBAGE")
    line.clear()
    assert line.query("*OPC?") == "1"


@pytest.mark.parametrize("fault", ["dead peer on lcr for 60 s", "power cut on lcr of 60 s"])
def test_clear_does_not_reach_an_instrument_that_is_not_there(lines, fault) -> None:
    line, clock = lines["lcr"], lines.bench.clock
    line.timeout = 2500
    lines.bench.inject(parse_fault(fault))
    start = clock.now()
    assert code_of(line.clear) == StatusCode.error_timeout
    assert clock.now() - start == pytest.approx(2.5)
    lines["balance"].clear()
    clock.spend(60)
    line.clear()


def test_flush_forgets_the_reply(lines) -> None:
    line = lines["lcr"]
    line.write("*IDN?")
    line.flush(BufferOperation.discard_read_buffer)
    assert line.query("*OPC?") == "1"


def test_reading_by_count(lines) -> None:
    line = lines["lcr"]
    line.write("*IDN?")
    assert line.read_bytes(8) == b"Keysight"
    assert line.read_bytes(1) == b" "
    assert line.read().startswith("Technologies")
    line.chunk_size = 5
    assert line.query("*IDN?").startswith("Keysight Technologies,E4980A")


def test_a_socket_without_termination_character(lines) -> None:
    line = lines.manager.open_resource(CHAMBER, write_termination="\n", timeout=100)
    line.write("*IDN?")
    assert code_of(line.read) == StatusCode.error_timeout
    line.set_visa_attribute(ResourceAttribute.suppress_end_enabled, False)
    assert line.query("*IDN?") == "WATLOW,F4T,SIMULATED,0\n"


def test_a_serial_line_without_end_reads_by_count_only(lines) -> None:
    line = lines["balance"]
    line.end_input = SerialTermination.none
    line.timeout = 100
    line.write("I11")
    assert line.read_bytes(16) == b'I11 A "XPR204"\r\n'


def test_status_byte_where_there_is_one(lines) -> None:
    lines["lcr"].write(":NONSENSE")
    assert lines["lcr"].read_stb() == 4
    assert code_of(lines["salt"].read_stb) == StatusCode.error_nonsupported_operation


def test_attributes(lines) -> None:
    pump = lines["salt"]
    assert (pump.baud_rate, pump.data_bits, pump.resource_class) == (19200, 8, "INSTR")
    assert pump.resource_name == "ASRL1::INSTR"
    assert pump.interface_type.name == "asrl"
    assert code_of(pump.get_visa_attribute, ResourceAttribute.tcpip_nodelay) == StatusCode.error_nonsupported_attribute
    code = StatusCode.error_attribute_read_only
    assert code_of(pump.set_visa_attribute, ResourceAttribute.asrl_avalaible_number, 3) == code
    assert code_of(pump.set_visa_attribute, ResourceAttribute.tcpip_nodelay, 1) == (
        StatusCode.error_nonsupported_attribute
    )


def test_a_closed_line_is_of_no_use(lines) -> None:
    line = lines["lcr"]
    line.close()
    with pytest.raises(pyvisa.InvalidSession):
        line.query("*IDN?")


def test_two_libraries_in_one_process_do_not_see_each_other(open_bench, connect) -> None:
    first, second = connect(open_bench("a")), connect(open_bench("b"))
    assert first.manager is not second.manager
    first.ask("lcr", ":FREQ 20;*OPC?")
    assert second.ask("lcr", ":FREQ?") == "+1.00000E+03"
    first["balance"], second["balance"]
    first.manager.close()
    assert second.ask("lcr", "*OPC?") == "1"
    first.bench.clock.spend(100)
    assert second.bench.clock.now() == first.bench.clock.now() - 100


def test_closing_the_manager_closes_the_lines_and_another_may_begin(lines) -> None:
    lines["salt"]
    library = lines.manager.visalib
    lines.manager.close()
    assert pyvisa.ResourceManager(library).open_resource("ASRL1::INSTR") is not None
