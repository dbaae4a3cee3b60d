"""The virtual assembler: its commands, what it takes and where it puts it, and that it forgets nothing."""

from __future__ import annotations

import json
from math import inf

import pytest

from galvanaut.core.errors import InputError
from galvanaut.simulators.cells.assembly import turnout
from galvanaut.simulators.cells.made import MadeCell, sample
from galvanaut.simulators.faults import parse_fault

NO_ERROR = '+0,"No error"'
QUIET = {"source_voltage_gain_sd": "0 %", "source_current_gain_sd": "0 %", "film": "0 mL", "pump_gain_sd": "0 %"}
CHARGE = ":OUTP:SMOD HIMP;:ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 1E-3;:OUTP ON"


def smu(number: int, holder: str) -> dict[str, object]:
    return {
        "driver": "keithley-2450",
        "resource": f"TCPIP::192.0.2.{number}::5025::SOCKET",
        "wiring": {"channel": holder},
    }


@pytest.fixture
def described(description):
    """A bottle of electrolyte, its pump, a mixer, an assembler and two holders with a source meter at one of them."""
    description["stocks"]["salty"] = {
        "composition": {"EC": 0.264, "EMC": 0.6, "VC": 0.016, "LiPF6": 0.12},
        "available": "500 mL",
    }
    description["holders"] = {"A": {}, "B": {}, "full": {"cell": {}}}
    description["instruments"]["assembler"] = {
        "driver": "virtual-assembler",
        "resource": "TCPIP::192.0.2.20::5025::SOCKET",
        "wiring": {"fills_from": "mixer", "loads": ["A", "B", "full"]},
        "settings": {"failure_rate": "0 %", "timeout": "ignored here"},
    }
    description["instruments"]["smu"] = smu(21, "A")
    return description


@pytest.fixture
def open_it(described, open_bench):
    def open_described(name: str = "world.db", **settings: str):
        described["instruments"]["assembler"]["settings"].update(settings)
        return open_bench(name, simulation=QUIET)

    return open_described


@pytest.fixture
def lines(open_it, connect):
    lines = connect(open_it())
    lines.dose("salt", 2.0)
    return lines


def named(prefix: str, wanted, rate: float = 1.0) -> str:
    """A name whose assembly turns out as wanted in world 1."""
    return next(name for number in range(1000) if wanted(turnout(1, name := f"{prefix}{number}", rate)))


def test_the_table_row_by_row(lines) -> None:
    table = [
        ("*IDN?", "GALVANAUT,VIRTUAL ASSEMBLER,SIMULATED,1"),
        (":ASS:STAT?", "IDLE"),
        (':ASS:RES? "c1"', "NONE"),
        (':ASS:HOLD? "A"', '""'),
        (':ASS:HOLD? "full"', '"full"'),
        (':ASS:CELL "c1","A",0.05;:ASS:STAT?', "BUSY"),
        (':ASS:RES? "c1"', 'BUSY,"A",0'),
        (':ASS:HOLD? "A"', '""'),
        ("*RST;:ASS:STAT?", "BUSY"),
        ("*OPC?", "1"),
        (":SYST:ERR?", NO_ERROR),
    ]
    for message, reply in table:
        assert lines.ask("assembler", message) == reply, message
    lines.bench.clock.spend(179)
    assert lines.ask("assembler", ":ASS:STAT?") == "BUSY"
    lines.bench.clock.spend(2)
    table = [
        (":ASSEMBLE:STATE?", "IDLE"),
        (':ASSEMBLE:RESULT? "c1"', 'OK,"A",0.062500'),
        (':ASSEMBLE:HOLDER? "A"', '"c1"'),
        (':ASSEMBLE:UNLOAD "A";:ASS:HOLD? "A"', '""'),
        (':ASS:RES? "c1"', 'OK,"A",0.062500'),
        (':ASS:UNL "full";:ASS:HOLD? "full"', '""'),
        ("*ESR?", "128"),
        (":SYST:ERR?", NO_ERROR),
    ]
    for message, reply in table:
        assert lines.ask("assembler", message) == reply, message


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (':ASS:CELL "c2","full",0.05', '-221,"Settings conflict;full holds full"'),
        (':ASS:CELL "c2","A",0.05;:ASS:CELL "c3","B",0.05', '-221,"Settings conflict;it is building c2"'),
        (':ASS:CELL "c2","Z",0.05', '-224,"Illegal parameter value;there is no holder Z here"'),
        (
            ':ASS:CELL "c2","A",0.05;:ASS:CELL "c2","B",0.05',
            '-224,"Illegal parameter value;the name c2 was used before"',
        ),
        (
            ':ASS:CELL "","A",0.05',
            '-224,"Illegal parameter value;a cell\'s name is 1 to 100 printable ASCII characters"',
        ),
        (':ASS:CELL "c2","A",0', '-222,"Data out of range"'),
        (':ASS:CELL "c2","A",-1', '-222,"Data out of range"'),
        (':ASS:CELL "c2","A",1.01', '-222,"Data out of range"'),
        (':ASS:CELL "c2","A"', '-109,"Missing parameter"'),
        (":ASS:CELL c2,A,0.05", '-104,"Data type error"'),
        (':ASS:UNL "A"', '-221,"Settings conflict;A is empty"'),
        (':ASS:UNL "Z"', '-224,"Illegal parameter value;there is no holder Z here"'),
        (':ASS:HOLD? "Z"', '-224,"Illegal parameter value;there is no holder Z here"'),
        (":ASS:RES?", '-109,"Missing parameter"'),
        (":ASSE:STAT?", '-113,"Undefined header"'),
    ],
)
def test_what_is_refused_changes_nothing(lines, message: str, error: str) -> None:
    before = lines.bench.world.available_mL("mixer")
    assert lines.ask("assembler", f"{message};:SYST:ERR?") == error
    assert lines.ask("assembler", ":SYST:ERR?") == NO_ERROR
    drawn_mL = before - lines.bench.world.available_mL("mixer")
    assert drawn_mL == pytest.approx(0.05 * (":ASS:CELL" in message.removeprefix(":ASS:CELL")))


def test_the_queue_of_errors_overflows_with_its_reasons(lines) -> None:
    lines.ask("assembler", ";".join([':ASS:UNL "A"'] * 25) + ";*OPC?")
    found = [lines.ask("assembler", ":SYST:ERR?") for _ in range(21)]
    assert found == ['-221,"Settings conflict;A is empty"'] * 19 + ['-350,"Queue overflow"', NO_ERROR]
    assert lines.ask("assembler", ':ASS:UNL "A";*CLS;:SYST:ERR?') == NO_ERROR


def test_it_takes_the_batch_as_it_is(lines) -> None:
    grams = lines.bench.world.at(lines.bench.clock.now()).vessels["mixer"].mass_g
    lines.ask("assembler", ':ASS:CELL "c1","A",0.1;*OPC?')
    lines.bench.clock.spend(200)
    after = lines.bench.world.at(lines.bench.clock.now()).vessels["mixer"]
    assert grams - after.mass_g == pytest.approx(0.125)
    kept = lines.bench.world.rows()["holder/A"]["cell"]
    assert kept["composition"] == pytest.approx({"EC": 0.264, "EMC": 0.6, "VC": 0.016, "LiPF6": 0.12})
    assert (kept["name"], kept["electrolyte_mL"], kept["seed"]) == ("c1", 0.1, 1)


def test_a_vessel_that_holds_too_little_or_the_wrong_thing(open_it, connect) -> None:
    lines = connect(open_it())
    asked = ':ASS:CELL "c1","A",0.5;:SYST:ERR?'
    assert lines.ask("assembler", asked) == '-221,"Settings conflict;mixer gives 0.000 mL"'
    lines.dose("odd", 1.0)
    assert "no cell can be simulated with X in its electrolyte" in lines.ask("assembler", asked)
    assert lines.ask("assembler", ':ASS:RES? "c1"') == "NONE"


def test_a_failure_that_is_noticed_leaves_the_holder_empty(open_it, connect) -> None:
    lines = connect(open_it(failure_rate="100 %", duration="1 min"))
    lines.dose("salt", 2.0)
    name = named("n", lambda result: result.reason)
    assert lines.ask("assembler", f':ASS:CELL "{name}","A",0.05;:ASS:STAT?') == "BUSY"
    lines.bench.clock.spend(61)
    reason = turnout(1, name, 1.0).reason
    assert lines.ask("assembler", f':ASS:RES? "{name}";:ASS:HOLD? "A"') == f'FAILED,"A",0.062500,"{reason}";""'
    assert lines.bench.world.holders.cell("A") is None


def test_a_defect_nobody_notices_shows_in_the_cell_only(open_it, connect) -> None:
    lines = connect(open_it(failure_rate="100 %"))
    lines.dose("salt", 2.0)
    voltages_V = {}
    for defect in ("open", "short", "misassembled"):
        name = named(defect[0], lambda result, defect=defect: result.defect == defect)
        lines.ask("assembler", f':ASS:CELL "{name}","A",0.05;*OPC?')
        lines.bench.clock.spend(181)
        assert lines.ask("assembler", f':ASS:RES? "{name}";:ASS:HOLD? "A"') == f'OK,"A",0.062500;"{name}"'
        lines["smu"].write(CHARGE)
        lines.bench.clock.spend(60)
        voltages_V[defect] = float(lines["smu"].query(':READ? "defbuffer1",SOUR'))
        lines["smu"].write(":OUTP OFF")
        assert lines.ask("assembler", ':ASS:UNL "A";:ASS:HOLD? "A";:SYST:ERR?') == f'"";{NO_ERROR}'
    assert voltages_V["open"] == pytest.approx(4.2, abs=1e-3)
    assert 0.05 <= voltages_V["short"] <= 0.5
    assert 1 < voltages_V["misassembled"] < 4


def test_no_cell_is_taken_out_while_a_source_drives_it(lines) -> None:
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    lines.bench.clock.spend(200)
    lines["smu"].write(CHARGE)
    assert lines.ask("assembler", ':ASS:UNL "A";:SYST:ERR?') == '-221,"Settings conflict;smu drives A"'
    lines["smu"].write(":OUTP OFF")
    assert lines.ask("assembler", ':ASS:UNL "A";:SYST:ERR?') == NO_ERROR


def test_a_recording_goes_over_from_the_empty_holder_to_the_cell(lines) -> None:
    """The source meter is spoken to only afterwards; what it recorded before the cell came shows an empty holder."""
    record = ":TRIG:BLOC:MEAS 1;:TRIG:BLOC:DEL:CONS 2,0.98;:TRIG:BLOC:BRAN:ALW 3,1"
    lines["smu"].write(f"{CHARGE};{record};:INIT")
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    lines.bench.clock.spend(300)
    reply = lines["smu"].query(':TRAC:DATA? 1,300,"defbuffer1",SOUR')
    volts = [float(part) for part in reply.split(",")]
    assert volts[:180] == pytest.approx([4.2] * 180, abs=1e-3)
    assert all(1 < each < 4 for each in volts[180:])


def test_a_cell_comes_at_its_instant_though_nobody_asks(lines) -> None:
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    began = lines.bench.clock.now()
    lines.bench.clock.spend(1000)
    row = lines.bench.world.rows()["holder/A"]
    assert row["at"] == pytest.approx(began + 180)
    assert lines.bench.world.holders.cell("A") is not None


@pytest.mark.parametrize("before_s", [0, 90, 180, 250])
def test_everything_outlives_the_host(open_it, connect, before_s: float) -> None:
    lines = connect(open_it())
    lines.dose("salt", 2.0)
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;:ASS:UNL "B";*OPC?')
    lines.bench.clock.spend(before_s)
    lines.bench.close()
    lines = connect(open_it())
    lines.bench.clock.spend(250 - before_s)
    reply = lines.ask("assembler", ':ASS:RES? "c1";:ASS:HOLD? "A";:ASS:STAT?;:SYST:ERR?')
    assert reply == 'OK,"A",0.062500;"c1";IDLE;-221,"Settings conflict;B is empty"'
    lines["smu"].write(CHARGE)
    lines.bench.clock.spend(3600)
    volts = lines["smu"].query(':READ? "defbuffer1",SOUR,READ')
    lines.bench.close()
    lines = connect(open_it())
    assert lines["smu"].query(':FETC? "defbuffer1",SOUR,READ') == volts
    before = lines.bench.world.holders.at("A", lines.bench.clock.now())
    other = connect(open_it("uninterrupted"))
    other.dose("salt", 2.0)
    other.ask("assembler", ':ASS:CELL "c1","A",0.05;:ASS:UNL "B";*OPC?')
    other.bench.clock.spend(250)
    other["smu"].write(CHARGE)
    other.bench.clock.spend(3600)
    assert other["smu"].query(':READ? "defbuffer1",SOUR,READ') == volts
    assert before.state.charge_C == pytest.approx(3600.02e-3, rel=1e-4)


def test_a_host_killed_at_any_line_of_the_log_leaves_a_whole_world(open_it, connect, tmp_path) -> None:
    """What was drawn from the vessel is in a cell or in one that failed, and nothing happens twice."""
    lines = connect(open_it())
    lines.dose("salt", 2.0)
    full_g = lines.bench.world.at(lines.bench.clock.now()).vessels["mixer"].mass_g
    begin = len((tmp_path / "world.db").read_bytes().splitlines())
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    lines.bench.clock.spend(60)
    lines.ask("assembler", ":ASS:STAT?")
    lines.bench.clock.spend(300)
    lines.ask("assembler", ':ASS:UNL "A";*OPC?')
    log = (tmp_path / "world.db").read_bytes().splitlines(keepends=True)
    found = []
    for length in range(begin, len(log)):
        killed = tmp_path / f"killed_{length}"
        killed.write_bytes(b"".join(log[:length]) + log[length][: len(log[length]) // 2])
        survivor = connect(open_it(killed.name))
        replies = []
        for pause_s in (0, 400):
            survivor.bench.clock.spend(pause_s)
            replies.append(survivor.ask("assembler", ':ASS:RES? "c1";:ASS:HOLD? "A"'))
        mass_g = survivor.bench.world.at(survivor.bench.clock.now()).vessels["mixer"].mass_g
        assert mass_g == pytest.approx(full_g - 0.0625 * (replies[-1] != 'NONE;""'))
        assert ('"c1"' in replies[-1]) is (survivor.bench.world.holders.cell("A") is not None)
        found += replies
    assert found[1] == 'NONE;""'
    assert set(found) == {'NONE;""', 'BUSY,"A",0;""', 'OK,"A",0.062500;"c1"'}


def test_a_holder_that_was_emptied_stays_empty(open_it, connect) -> None:
    lines = connect(open_it())
    assert lines.ask("assembler", ':ASS:UNL "full";:SYST:ERR?') == NO_ERROR
    lines.bench.close()
    assert connect(open_it()).ask("assembler", ':ASS:HOLD? "full"') == '""'


def test_a_power_cut_spoils_the_cell_and_no_memory(lines) -> None:
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    lines.bench.clock.spend(60)
    lines.bench.inject(parse_fault("power cut on assembler of 5 s"))
    lines.bench.clock.spend(6)
    assert lines.bench.clock.next_event == inf
    lines.bench.clock.spend(300)
    assert lines.ask("assembler", ':ASS:RES? "c1";:ASS:HOLD? "A"') == 'FAILED,"A",0.062500,"the power failed";""'
    assert lines.ask("assembler", ':ASS:CELL "c1","A",0.05;:SYST:ERR?').startswith("-224")


def test_the_truth_about_a_cell_is_not_in_any_reply(lines) -> None:
    lines.ask("assembler", ':ASS:CELL "c1","A",0.05;*OPC?')
    lines.bench.clock.spend(200)
    said = lines.ask("assembler", '*IDN?;:ASS:STAT?;:ASS:RES? "c1";:ASS:HOLD? "A";*ESR?;:SYST:ERR?')
    made = MadeCell.of(lines.bench.world.rows()["holder/A"]["cell"])
    truth = sample(made, lines.bench.world.chemistry)
    assert said == f'GALVANAUT,VIRTUAL ASSEMBLER,SIMULATED,1;IDLE;OK,"A",0.062500;"c1";128;{NO_ERROR}'
    assert truth.ageing.sei_m_s != truth.ageing.plating_m_s
    assert "defect" not in json.dumps(lines.bench.devices["assembler"].memory()["assemblies"])


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"failure_rate": "101 %"}, "instruments.assembler.settings.failure_rate"),
        ({"failure_rate": "5"}, "instruments.assembler.settings.failure_rate"),
        ({"duration": "0 s"}, "instruments.assembler.settings.duration"),
    ],
)
def test_impossible_settings_are_refused_before_there_is_a_world(open_it, tmp_path, settings, where) -> None:
    with pytest.raises(InputError, match=where):
        open_it(**settings)
    assert not (tmp_path / "world.db").exists()


def test_wiring_is_checked(described, open_bench) -> None:
    described["instruments"]["other"] = {
        "driver": "virtual-assembler",
        "resource": "TCPIP::192.0.2.22::5025::SOCKET",
        "wiring": {"fills_from": "mixer", "loads": "B"},
    }
    with pytest.raises(InputError, match=r"instruments\.other\.wiring\.loads: assembler already loads B"):
        open_bench()
    described["instruments"]["other"]["wiring"] = {"fills_from": "mixer", "loads": ["A", "nowhere"]}
    with pytest.raises(InputError, match=r"wiring\.loads: there is no holder 'nowhere'"):
        open_bench()
    described["instruments"]["other"]["wiring"] = {"loads": ["A"]}
    with pytest.raises(InputError, match=r"wiring\.fills_from: is missing; virtual-assembler needs it"):
        open_bench()
