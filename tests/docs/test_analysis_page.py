"""The example of the page on analysis runs as it stands."""

import re
from dataclasses import fields
from pathlib import Path

from cellformation import formation
from galvanaut.campaigns.analysis.thresholds import Thresholds

PAGE = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text("utf-8")


def test_the_example_runs_on_the_record_of_a_simulated_cell(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names = {"frame": formation()}
    exec(block, names)
    assert capsys.readouterr().out.startswith("Figure(value=0.99")
    assert names["judged"]["cell-7"].status == "ok"
    assert names["summary"].is_censored
    assert names["summary"].cells == ("cell-7",)


def test_the_defaults_on_the_page_are_those_of_the_code():
    limits = Thresholds()
    assert "less than 1 % of the nominal" in PAGE
    assert limits.open_share == 0.01
    assert f"never above {limits.dead_V:g} V" in PAGE
    assert f"{100 * limits.overfull_share:g} % of nominal went in" in PAGE
    assert f"more than {1e3 * limits.rest_fall_V_h:g} mV/h" in PAGE
    assert f"more than C/{1 / limits.float_1_h:g}" in PAGE
    assert f"CE below {limits.efficiency:g}" in PAGE
    assert f"less than {100 * limits.capacity_share:g} % of nominal" in PAGE
    assert f"more than {limits.resistance_ohm:g} ohm after 30 s, or {limits.resistance_ratio:g} times" in PAGE
    assert len(fields(limits)) == 14
