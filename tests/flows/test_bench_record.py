"""`galvanaut bench record`: a transcript of a whole bench, from which its drivers can be run again."""

import json

import pytest
import pyvisa

from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.replay import Replay
from galvanaut.instruments.transcript import Transcript
from smalllab import BENCH, command_line

CELLS = BENCH.with_name("simulated-cells.yaml")
MOVING = (b"RUN", b"T\r\n", b"Z\r\n", b":SPOINT ", b":STATE ON", b":OUTP ON")
"""What starts a pump, changes a balance or a chamber, or switches a source on."""


def test_a_bench_is_recorded_without_moving_anything(tmp_path):
    output = tmp_path / "bench.txt"
    done = command_line("bench", "record", BENCH, "-o", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert "13 instruments" in done.stdout
    transcript = Transcript.read(output)
    sent = [message.data for message in transcript.messages if message.direction == ">"]
    assert {message.instrument for message in transcript.messages} == set(load_bench(BENCH).instruments)
    assert [data for data in sent if any(word in data for word in MOVING)] == []


@pytest.mark.parametrize("file", [BENCH, CELLS], ids=lambda file: file.stem)
def test_the_drivers_connect_to_the_transcript_as_to_the_bench(tmp_path, file):
    output = tmp_path / "bench.txt"
    rows = json.loads(command_line("bench", "record", file, "-o", output, "--json").stdout)
    manager = pyvisa.ResourceManager(Replay.playing(Transcript.read(output)))
    connected = ConnectedBench.open(load_bench(file), manager)
    assert {row["instrument"]: row["identity"] for row in rows} == {
        name: str(identity) for name, identity in connected.identities.items()
    }
    if file == BENCH:
        assert f"{connected.balance('balance').immediate_g():g} g" in [row["reading"] for row in rows]
    else:  # two outputs of one mainframe, on one line
        outputs = [connected.source_meter(name) for name in ("output_1", "output_2")]
        assert [(output.protections(), output.is_on()) for output in outputs] == [([], False)] * 2
    connected.close()


def test_readings_that_are_none_are_said_and_are_no_failure(tmp_path):
    rows = json.loads(command_line("bench", "record", BENCH, "-o", tmp_path / "b.txt", "--json").stdout)
    readings = {row["instrument"]: row["reading"] for row in rows}
    assert readings["lcr"] == "none: is overloaded"
    assert readings["pump_dmc"] == "stopped, 0 mL dispensed"


def test_a_real_bench_has_to_be_armed_and_leaves_no_file(tmp_path):
    file, output = tmp_path / "bench.yaml", tmp_path / "out.txt"
    file.write_text(BENCH.read_text("utf-8").replace("visa: simulated", 'visa: "@py"'), "utf-8")
    done = command_line("bench", "record", file, "-o", output)
    assert (done.returncode, "is not armed" in done.stderr) == (2, True)
    assert not output.exists()


def test_nothing_is_written_over(tmp_path):
    output = tmp_path / "bench.txt"
    output.write_text("what the instrument said last week", "utf-8")
    done = command_line("bench", "record", BENCH, "-o", output)
    assert (done.returncode, "is there already and is not written over" in done.stderr) == (2, True)
    assert output.read_text("utf-8") == "what the instrument said last week"


def test_a_campaign_can_be_recorded(campaign, tmp_path):
    output = tmp_path / "run.txt"
    command = ("run", campaign, "--lab", tmp_path / "lab", "--max-trials", 1, "--no-prefect")
    done = command_line(*command, "--record", output)
    assert (done.returncode, done.stderr) == (0, "")
    transcript = Transcript.read(output)
    runs = [message for message in transcript.messages if message.data.endswith(b"RUN\r")]
    assert len(runs) > 3
    assert transcript.messages[-1].time_s > 3600  # of the bench's time


def test_a_file_that_cannot_be_written(tmp_path):
    done = command_line("bench", "record", BENCH, "-o", tmp_path / "none" / "out.txt")
    assert (done.returncode, "cannot be written" in done.stderr) == (2, True)
