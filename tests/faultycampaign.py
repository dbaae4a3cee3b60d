"""A cycle-life campaign on a bench with many holders, on which something goes wrong again and again, by chance."""

import numpy as np
from ruamel.yaml import YAML

from celllab import BENCH, CAMPAIGN, cell_campaign
from galvanaut.simulators.faults import Fault, applicable
from galvanaut.simulators.faults.fault import EVENTS, REPLY_FAULTS
from smalllab import ROOT


def faulty_campaign(folder, channels, faults, trials, is_short):
    """Its file.

    Args:
        folder: for it and its bench.
        channels: holders, each with a source meter of its own.
        faults: see `faults_of`, of the instruments' drivers by name.
        trials: in all.
        is_short: whether cells are tested for a day, and not until they are worn out.
    """
    yaml = YAML(typ="safe")
    bench = with_channels(yaml.load(BENCH), channels)
    drivers = {name: entry["driver"] for name, entry in bench["instruments"].items()}
    bench.setdefault("simulation", {})["faults"] = [each.entry() for each in faults(drivers)]
    if is_short:
        text = cell_campaign(folder, trials).read_text("utf-8")
    else:
        text = CAMPAIGN.read_text("utf-8").replace("../instruments/benches/simulated-cycling.yaml", "bench.yaml")
        text = text.replace("../instruments/plans", str(ROOT / "instruments" / "plans"))
        text = text.replace("trials: 30", f"trials: {trials}")
    text = text.replace("parallel: 10", f"parallel: {channels // 2 + 2}")
    (folder / "campaign.yaml").write_text(text, "utf-8")
    with (folder / "bench.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(bench, file)
    return folder / "campaign.yaml"


def with_channels(bench, count):
    """The shipped bench with so many holders."""
    envelope = bench["holders"]["holder_01"]["envelope"]
    holders = [f"holder_{number:02d}" for number in range(1, count + 1)]
    bench["holders"] = {holder: {"envelope": dict(envelope)} for holder in holders}
    instruments = {name: entry for name, entry in bench["instruments"].items() if not name.startswith("smu_")}
    instruments["assembler"]["wiring"]["loads"] = holders
    instruments["incubator"]["wiring"]["houses"] = holders
    for number, holder in enumerate(holders, start=1):
        resource = f"TCPIP::192.0.3.{number}::5025::SOCKET"
        meter = {"driver": "keithley-2450", "resource": resource, "wiring": {"channel": holder}}
        instruments[f"smu_{number:02d}"] = {**meter, "settings": {"records": True}}
    return {**bench, "instruments": instruments}


def faults_of(seed, days, per_day):
    """Draws faults: in each part of a day one, half of them of source meters."""

    def draw(drivers):
        rng = np.random.default_rng(seed)
        meters = sorted(name for name in drivers if name.startswith("smu_"))
        others = sorted(set(drivers) - set(meters))
        return [_fault(rng, drivers, meters, others, part, per_day) for part in range(days * per_day)]

    return draw


def _fault(rng, drivers, meters, others, part, per_day):
    name = str(rng.choice(meters if rng.random() < 0.5 else others))
    kind = str(rng.choice(applicable(drivers[name])))
    how = {"fault": kind, "instrument": name, "after": f"{(part + rng.random()) / per_day:.4f} d"}
    if kind in REPLY_FAULTS:
        how["times"] = int(rng.integers(1, 4))
    elif kind not in EVENTS:
        how["lasts"] = f"{rng.uniform(5, 120):.1f} min"
    return Fault.model_validate(how)
