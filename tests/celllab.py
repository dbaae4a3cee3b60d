"""Small campaigns with cells on the shipped cycling bench: few trials, short tests."""

from pathlib import Path

from smalllab import ROOT

CAMPAIGN = ROOT / "campaigns" / "cycle_life.yaml"
BENCH = ROOT / "instruments" / "benches" / "simulated-cycling.yaml"
FORMATION = """\
temperature: 25 degC
nominal_capacity: 4 mAh
look_period: 300 s
protocol:
  record: {time_s: 120}
  safety: {max_voltage_V: 4.2, max_capacity_mAh: 5.6}
  method:
    - {step: tag, tag: first}
    - {step: constant_current, rate_C: C/3, until_voltage_V: 4.2}
    - {step: open_circuit_voltage, until_time_s: 600}
    - {step: constant_current, rate_C: D/3, until_voltage_V: 2.8}
    - {step: open_circuit_voltage, until_time_s: 600}
    - {step: loop, loop_to: first, cycle_count: 2}
"""
CYCLING = """\
temperature: 25 degC
nominal_capacity: measured
look_period: 300 s
after_interruption: continue
stop_rules: {maximum_cycles: 3}
protocol:
  record: {time_s: 120}
  safety: {max_voltage_V: 4.2, min_voltage_V: 2.5, max_capacity_mAh: 5.6}
  method:
    - {step: tag, tag: again}
    - {step: constant_current, rate_C: 1, until_voltage_V: 4.2}
    - {step: constant_voltage, voltage_V: 4.2, until_rate_C: C/10, until_time_s: 3600}
    - {step: constant_current, rate_C: -1, until_voltage_V: 2.8}
    - {step: open_circuit_voltage, until_time_s: 600}
    - {step: loop, loop_to: again, cycle_count: 10}
"""


def cell_campaign(folder: Path, trials: int = 2, changes: dict[str, str] | None = None) -> Path:
    """A copy of the shipped campaign with few trials and short tests; ``changes`` replaces pieces of all its files."""
    bench = BENCH.read_text("utf-8").replace("failure_rate: 5 %", "failure_rate: 0 %")
    text = CAMPAIGN.read_text("utf-8")
    text = text.replace("../instruments/benches/simulated-cycling.yaml", "bench.yaml")
    text = text.replace("../instruments/plans/formation.yaml", "formation.yaml")
    text = text.replace("../instruments/plans/ageing.yaml", "cycling.yaml")
    text = text.replace("trials: 30", f"trials: {trials}").replace("initial: 8", f"initial: {min(2, trials)}")
    text = text.replace("settle: 20 min", "settle: 5 min")
    files = {"campaign.yaml": text, "bench.yaml": bench, "formation.yaml": FORMATION, "cycling.yaml": CYCLING}
    for old in changes or {}:
        assert any(old in content for content in files.values()), old
    for name, content in files.items():
        for old, new in (changes or {}).items():
            content = content.replace(old, new)
        (folder / name).write_text(content, "utf-8")
    return folder / "campaign.yaml"
