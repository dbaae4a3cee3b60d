"""`galvanaut bench serve`: a simulated bench for other programs, until Ctrl-C."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from galvanaut.core.errors import InputError
from galvanaut.flows.folder import LabFolder, writing
from galvanaut.flows.signals import interruptible
from galvanaut.flows.tables import table_text
from galvanaut.instruments.bench import Bench, load_bench

if TYPE_CHECKING:
    from galvanaut.simulators.bench import SimulatedBench
    from galvanaut.simulators.server import Resources

_HEADER = """\
Written by `galvanaut bench serve`: the simulated bench {name}, served over TCP on this computer. It is valid until
that command ends. To a program it is like a real one; `served` has its results labelled as simulated.
"""


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says.

    Attributes:
        file: bench file.
        lab: folder whose world is served.
        state: file in which the world is kept; without lab and state it is forgotten.
        seed: of a new world.
        faults: injected at the beginning, as sentences.
        speed: bench seconds per second; None: time passes only while an instrument is waited for.
        bench_out: bench file to write.
    """

    file: Path
    lab: Path | None
    state: Path | None
    seed: int
    faults: tuple[str, ...]
    speed: float | None
    bench_out: Path | None


def serve_command(options: ServeOptions, as_json: bool) -> None:
    """Serve, and say where; Ctrl-C ends it well."""
    with suppress(KeyboardInterrupt), interruptible(), served(options) as (bench, resources):
        rows = [
            {"instrument": name, "driver": bench.instruments[name].driver, "resource": resource}
            for name, resource in resources.items()
        ]
        if as_json:
            typer.echo(json.dumps({"control": resources.control, "instruments": rows}, indent=2))
        else:
            typer.echo(table_text(f"{options.file}: {len(rows)} simulated instruments", rows))
            typer.echo(f"control port: {resources.control}")
            if options.bench_out is not None:
                typer.echo(f"bench file:   {options.bench_out}; try `galvanaut bench check {options.bench_out} --arm`")
            typer.echo("Ctrl-C ends it.")
        threading.Event().wait()


@contextmanager
def served(options: ServeOptions) -> Iterator[tuple[Bench, Resources]]:
    """While inside, the bench is served.

    Raises:
        InputError: the bench is real, a fault is none of this bench, or its world is in use.
    """
    from galvanaut.simulators.server import serve

    bench = load_bench(options.file)
    if not bench.is_simulated:
        raise InputError(f"bench {bench.name}", "is not simulated; only one with `visa: simulated` can be served")
    if options.bench_out is not None and options.bench_out.resolve() == options.file.resolve():
        raise InputError("--bench-out", f"{options.bench_out} is the bench file itself; choose another name")
    with ExitStack() as stack:
        world = _world(bench, options, stack)
        for sentence in options.faults:
            inject(world, sentence)
        resources = stack.enter_context(serve(world, options.speed))
        if options.bench_out is not None:
            _write_bench(options.file, resources, options.bench_out, bench.name)
        yield bench, resources


def inject(world: SimulatedBench, sentence: str) -> None:
    """Inject a fault.

    Raises:
        InputError: the sentence is no fault of this bench.
    """
    from galvanaut.simulators.faults import parse_fault

    try:
        fault = parse_fault(sentence)
    except ValueError as error:
        raise InputError("--fault", str(error)) from None
    world.inject(fault)


def _world(bench: Bench, options: ServeOptions, stack: ExitStack) -> SimulatedBench:
    from galvanaut.simulators.bench import SimulatedBench

    if options.lab is not None and options.state is not None:
        raise InputError("--lab and --state", "each say where the world is kept; leave one of them out")
    if options.lab is not None:
        with LabFolder.begun(options.lab) as folder:
            state = folder.world(bench.name)
    elif options.state is not None:
        state = options.state
    else:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "world.db"
    description = bench.model_dump(mode="json", by_alias=True, exclude_none=True)
    world = SimulatedBench.open(description, state, options.seed)
    stack.callback(world.close)
    return world


def _write_bench(source: Path, resources: Resources, target: Path, name: str) -> None:
    """The same bench file with other resources; comments and layout stay."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    yaml = YAML(typ="rt")
    yaml.width = 4096
    tree: Any = yaml.load(source.read_text(encoding="utf-8"))
    tree["visa"] = DoubleQuotedScalarString("@py")
    tree.pop("armed", None)
    place = list(tree).index("visa") + 1
    tree.insert(place, "armed", True)
    tree.insert(place + 1, "served", True)
    tree.pop("simulation", None)
    for instrument, resource in resources.items():
        tree["instruments"][instrument]["resource"] = DoubleQuotedScalarString(resource)
    header = "".join(f"# {line}\n" for line in _HEADER.format(name=name).splitlines())
    with writing(target), target.open("w", encoding="utf-8") as sink:
        sink.write(header)
        yaml.dump(tree, sink)
