"""Does a quote's 80 % interval contain what the dry run then takes?

Usage: ``uv run benchmarks/quote.py --campaign campaigns/conductivity.yaml --seeds 1-20 --work DIR``

Each seed is run on the simulated bench by the real command, in a lab folder of its own below DIR; the quote is made
once, with another seed, and knows nothing of these runs. What was found stands in ``DIR/results.jsonl``, so the same
command goes on where it was stopped; ``--only-judge`` runs nothing and judges what is there.

``--physics`` runs no bench: campaigns in the event order of the quote, on cells worked out by the full physics rather
than by the fade law. It tells what the law costs, in minutes, and nothing of the rest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from galvanaut.campaigns.benchmark.stopcourse import together
from galvanaut.campaigns.ledger import FORECAST, Ledger
from galvanaut.campaigns.planners.threads import single_thread
from galvanaut.campaigns.quote import Range
from galvanaut.core.clock import SystemClock
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.plan import Plan, load_plan
from galvanaut.flows.quote.command import Wishes, quotation
from galvanaut.flows.quote.rehearsal import rehearsed
from galvanaut.flows.quote.simulate import World, capacity_of
from galvanaut.instruments.journal import Journal

QUOTE_SEED = 4711
RESULTS, QUOTES = "results.jsonl", "quotes.jsonl"


def dry_run(campaign: Path, seed: int, lab: Path) -> float:
    """Run it to its end, or carry on; seconds that this took."""
    began = time.monotonic()
    command = [sys.executable, "-c", "from galvanaut.flows.cli import main; main()", "run", str(campaign)]
    command += ["--seed", str(seed)]
    subprocess.run([*command, "--lab", str(lab), "--no-prefect"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def used(plan: Plan, lab: Path) -> dict[str, Any]:
    """What a campaign in a lab folder took, by its journal and ledger."""
    folder, name = LabFolder(lab), plan.campaign.name
    with opened(folder.station) as engine:
        jobs = list(Journal(EventLog(engine, "journal"), SystemClock()).records())
    with opened(folder.ledger) as engine:
        ended = Ledger(EventLog(engine, "ledger"), name, SystemClock(), plan.bench.name).ended()
    stocks = dict.fromkeys(plan.path.pumps, 0.0)
    for job in jobs:
        if "stock" in job.request:
            stocks[job.request["stock"]] += job.request["volume_mL"]
    tests = [job.result or {} for job in jobs if job.request["kind"] == "cycle"]
    known = [each.outcome for each in ended if each.outcome is not None and each.status == "ok"]
    values = [each.values for each in known if FORECAST not in each.details]
    objective, last = plan.campaign.objective, max(each.ended_at or 0.0 for each in ended)
    best = max if objective.goal == "maximise" else min
    return {
        "wall_clock_h": (last - min(job.began for job in jobs)) / 3600,
        "channel_days": sum(test.get("time_s", 0.0) for test in tests) / 86400,
        "trials": len(ended),
        "best": best(each[objective.name] for each in values),
        **{f"mL of {stock}": volume_mL for stock, volume_mL in stocks.items()},
    }


def by_physics(plan: Plan, seeds: range) -> dict[int, dict[str, Any]]:
    """The same quantities of campaigns whose cells are worked out by the full physics, all of them together."""
    durations = rehearsed(plan, 0.25)
    worlds = [World(plan, durations, seed, is_full=True) for seed in seeds]
    with single_thread():
        traces = together([world.setup() for world in worlds], worlds[0].cells)
    found = {}
    for seed, world, trace in zip(seeds, worlds, traces, strict=True):
        draw = world.draw(trace)
        stocks = {f"mL of {name}": draw.stock_mL.get(name, 0.0) for name in plan.path.pumps}
        hours = draw.wall_clock_h(capacity_of(plan))
        took = {"wall_clock_h": hours, "channel_days": draw.channel_days, "trials": len(draw.slots)}
        found[seed] = {**took, "best": draw.best(), **stocks}
    return found


def quoted(campaign: Path, draws: int) -> tuple[dict[str, Any], float]:
    """The intervals by quantity, and the seconds that the quote took."""
    began = time.monotonic()
    quote = quotation(campaign, None, Path("no-such-lab"), None, Wishes(draws, QUOTE_SEED)).quote
    took_s = time.monotonic() - began
    ranges = {name: getattr(quote, name).to_json() for name in ("wall_clock_h", "channel_days", "trials", "best")}
    return {**ranges, **{f"mL of {name}": need.volume_mL.to_json() for name, need in quote.stocks.items()}}, took_s


def judge(campaign: str, quote: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Print how many runs lie within, by quantity."""
    if not rows:
        print("nothing to judge yet")
        return
    print(f"\n{campaign}: {len(rows)} runs, seeds {', '.join(str(row['seed']) for row in rows)}")
    print(f"{'quantity':20} {'interval (median)':34} {'runs: least, most':26} within")
    for name, ends in quote.items():
        interval, found = Range(**ends), [row["used"][name] for row in rows]
        within = sum(interval.holds(value, 1e-4) for value in found)
        shown = f"{interval.low:.5g} to {interval.high:.5g} ({interval.median:.5g})"
        print(f"{name:20} {shown:34} {f'{min(found):.5g}, {max(found):.5g}':26} {within} of {len(rows)}")
    stocks = [name for name in quote if name.startswith("mL of")]
    pairs = [Range(**quote[name]).holds(row["used"][name], 1e-4) for name in stocks for row in rows]
    print(f"stocks, all pairs of stock and run: {sum(pairs)} of {len(pairs)} ({100 * sum(pairs) / len(pairs):.0f} %)")


def kept(path: Path, campaign: str) -> list[dict[str, Any]]:
    """Rows of a results file."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["campaign"] == campaign]


def keep(path: Path, row: dict[str, Any]) -> None:
    """Append a row."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def main() -> None:
    """Quote once, run each seed, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaign", type=Path, required=True)
    parser.add_argument("--seeds", default="1-20", help="first-last")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--only-run", action="store_true", help="no quote")
    parser.add_argument("--physics", action="store_true", help="campaigns on the full physics instead of dry runs")
    parser.add_argument("--only-judge", action="store_true", help="run nothing")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    plan, name = load_plan(chosen.campaign), chosen.campaign.stem
    first, last = (int(each) for each in chosen.seeds.split("-"))
    if chosen.physics and not kept(chosen.work / RESULTS, f"{name} by physics"):
        for seed, took in by_physics(plan, range(first, last + 1)).items():
            keep(chosen.work / RESULTS, {"campaign": f"{name} by physics", "seed": seed, "used": took})
    done = {row["seed"] for row in kept(chosen.work / RESULTS, name)}
    for seed in range(first, last + 1) if not (chosen.only_judge or chosen.physics) else ():
        if seed not in done:
            lab = chosen.work / f"{name}-{seed}"
            seconds = dry_run(chosen.campaign, seed, lab)
            row = {"campaign": name, "seed": seed, "seconds": seconds, "used": used(plan, lab)}
            keep(chosen.work / RESULTS, row)
            print(f"{name} seed {seed}: {seconds:.0f} s", flush=True)
    if chosen.only_run:
        return
    quotes = [row for row in kept(chosen.work / QUOTES, name) if row["draws"] == chosen.draws]
    if not quotes:
        quote, seconds = quoted(chosen.campaign, chosen.draws)
        quotes = [{"campaign": name, "draws": chosen.draws, "seconds": seconds, "quote": quote}]
        keep(chosen.work / QUOTES, quotes[0])
    name = f"{name} by physics" if chosen.physics else name
    rows = [row for row in kept(chosen.work / RESULTS, name) if first <= row["seed"] <= last]
    print(f"quote of {chosen.draws} draws: {quotes[0]['seconds']:.0f} s")
    judge(name, quotes[0]["quote"], sorted(rows, key=lambda row: row["seed"]))


if __name__ == "__main__":
    main()
