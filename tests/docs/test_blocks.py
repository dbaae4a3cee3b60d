"""Every block of code in the documentation is run or validated by a test, or says why not.

- YAML is validated as (a piece of) the file that it belongs to, here.
- Pages with a test of their own run their blocks there.
- Any other block has a comment `<!-- not run: REASON -->` in front of it. Commands in it are still given to the parser
  of the command line: commands and options that do not exist are found wherever they stand.
"""

import re
import shlex
import textwrap
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from docpages import ALL, OWN_TESTS, PAGES, ROOT
from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.flows.cli.app import app
from galvanaut.instruments.bench import Bench

VALIDATED_HERE = {
    "docs/campaign-file.md": "campaign",
    "docs/how-to/use-what-you-know.md": "campaign",
    "docs/how-to/stop-cells-early.md": "campaign",
    "docs/bench-file.md": "bench",
    "docs/how-to/load-cells.md": "bench",
    "docs/how-to/work-orders.md": "bench",
}


def loaded(text):
    return YAML(typ="safe", pure=True).load(text)


def is_validated_here(block):
    return block.kind == "yaml" and block.page in VALIDATED_HERE and not block.reason


def test_every_block_is_run_or_says_why_not():
    left = [str(block) for block in ALL if not (block.reason or is_validated_here(block) or block.page in OWN_TESTS)]
    assert left == [], "run it in a test, or write <!-- not run: REASON --> in front of it"


def test_no_fence_is_overlooked():
    fences = {page: len(re.findall(r"^ *```", page.read_text("utf-8"), re.M)) // 2 for page in PAGES}
    found = {page: sum(block.page == page.relative_to(ROOT).as_posix() for block in ALL) for page in PAGES}
    assert found == fences


@pytest.mark.parametrize("page", OWN_TESTS)
def test_the_tests_of_pages_are_there(page):
    assert Path(page).name in (Path(__file__).parent / OWN_TESTS[page]).read_text("utf-8")


@pytest.mark.parametrize("block", [block for block in ALL if block.commands], ids=str)
def test_commands_and_options_exist(block):
    for line in block.commands:
        words = [word for word in shlex.split(line)[1:] if word not in ("...", "|", ">")]
        with typer.main.get_command(app).make_context("galvanaut", words) as context:
            command = context.command
            left = [*context._protected_args, *context.args]
            while hasattr(command, "commands"):
                name, command, left = command.resolve_command(context, left)
                context = command.make_context(name, left, parent=context)
                left = [*getattr(context, "_protected_args", []), *context.args]


def merged(base, piece):
    if not (isinstance(base, dict) and isinstance(piece, dict)):
        return piece
    return base | {key: merged(base.get(key), value) for key, value in piece.items()}


def whole_campaign():
    """One with everything that pieces of the pages refer to."""
    base = loaded((ROOT / "campaigns" / "cycle_life.yaml").read_text("utf-8"))
    optional = {"low": "0 %", "high": "2 %", "optional": True}
    salt = {"low": "0 mol/kg", "high": "2 mol/kg", "optional": True}
    solvents = {name: {"low": 0, "high": 1} for name in ("EC", "DMC", "EMC", "PC")}
    additives = dict.fromkeys(("VC", "FEC", "PS", "DTD", "SN"), optional)
    components = {"solvents": solvents, "salts": {"LiPF6": salt, "LiFSI": salt}, "additives": additives}
    prices = {name: 1 for part in components.values() for name in part}
    return base | {"components": components, "constraints": [], "prices": base["prices"] | {"per_kg": prices}}


def whole_bench():
    base = loaded((ROOT / "instruments" / "benches" / "simulated-cells.yaml").read_text("utf-8"))
    return merged(base, {"vessels": {"mixer": {"capacity": "40 mL"}}})


def as_bench_piece(piece):
    if set(piece) <= set(Bench.model_fields):
        return piece
    return {"holders": {"cell_1": piece}} if "cell" in piece else {"instruments": piece}


@pytest.mark.parametrize("block", [block for block in ALL if is_validated_here(block)], ids=str)
def test_pieces_of_files_fit_their_file(block):
    piece = loaded(textwrap.dedent(block.text))
    if VALIDATED_HERE[block.page] == "campaign":
        found = Campaign.model_validate(whole_campaign() | piece)
        assert set(piece) <= found.model_fields_set
        return
    written = merged(whole_bench(), as_bench_piece(piece))
    for name, entry in as_bench_piece(piece).get("instruments", {}).items():  # in the place of what is there
        channel = entry["wiring"].get("channel")
        others = {key: each for key, each in written["instruments"].items() if each["wiring"].get("channel") != channel}
        written["instruments"] = (others if channel else written["instruments"]) | {name: entry}
    for name, entry in as_bench_piece(piece).get("instruments", {}).items():
        written["instruments"][name] = entry
    Bench.model_validate(written)
    if "simulation" in piece:
        from galvanaut.simulators.parameters import SimulationParameters

        SimulationParameters.model_validate(piece["simulation"])
