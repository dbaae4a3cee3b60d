"""Commands about benches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import Arm, AsJson

app = typer.Typer(help="Look at a bench and its instruments.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Bench file (YAML).", show_default=False)]


@app.callback()
def bench() -> None:
    """Look at a bench and its instruments."""


@app.command()
def check(file: File, arm: Arm = False, as_json: AsJson = False) -> None:
    """Connect to every instrument of a bench, identify it, and show what it is wired to.

    Moves no liquid and changes no temperature.
    """
    from galvanaut.flows.bench_check import bench_rows, bench_text

    rows = bench_rows(file, arm)
    typer.echo(json.dumps(rows, indent=2) if as_json else bench_text(file, rows))


@app.command()
def scan(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A simulated bench to scan instead of this computer.", show_default=False
        ),
    ] = None,
    visa: Annotated[str, typer.Option(metavar="@py|@ivi", help="VISA library: pyvisa-py, or the maker's.")] = "@py",
    resource: Annotated[
        list[str] | None,
        typer.Option("--resource", metavar="NAME", help="Ask this one, too; may be repeated.", show_default=False),
    ] = None,
    serial: Annotated[bool, typer.Option("--serial", help="Ask the serial ports as well, see above.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the draft there, not below the table."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the instruments that this computer finds, and draft a bench file with them.

    USB, GPIB and VXI-11 instruments are asked `*IDN?` and nothing else. Nothing is set, so nothing has to be armed.

    Serial ports are listed, but asked only with --serial: an unknown device may take any text for a command. What they
    are sent, until one question is answered, each ended by CR LF:

    - `0VER`, ended by CR, at 19200 baud (New Era pumps)
    - `ROM?` at 9600 baud (ESPEC chambers)
    - `I4` at 9600 baud (Mettler-Toledo balances)
    - `*IDN?` at 9600 baud
    - ESC `x1_` at 9600 baud with odd parity (Sartorius balances)

    A New Era pump forgets an alarm, such as a power cut, once it has reported it: the alarm then shows here and nowhere
    else. Look at the pump, and do not scan it between a crash and the run that settles it.

    Raw sockets cannot be found. Name them, e.g. --resource TCPIP::192.168.0.5::5025::SOCKET. They are asked `*IDN?`
    first, and then the others. What another process of Galvanaut holds is not asked.
    """
    from galvanaut.flows.bench_scan import scan_command

    scan_command(file, visa, resource or [], serial, output, as_json)


@app.command()
def record(
    file: File,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Transcript to write.")],
    arm: Arm = False,
    as_json: AsJson = False,
) -> None:
    """Write down every byte of connecting a bench, setting it up and reading each instrument once.

    The transcript is text, one line per message; tests play it back to the drivers. No liquid moves, no output is
    switched on and no temperature is changed. LCR meters and battery testers measure with their own small test signal.
    """
    from galvanaut.flows.bench_record import record_command

    record_command(file, output, arm, as_json)


@app.command()
def serve(
    file: File,
    lab: Annotated[
        Path | None,
        typer.Option("--lab", metavar="DIR", help="Serve the world of this lab folder.", show_default=False),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="Keep the world in this file.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of a world that is new.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="TEXT", help="Begin with this fault; may be repeated.", show_default=False),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.001, max=10000, help="Bench seconds per second.")] = 1.0,
    fast: Annotated[
        bool, typer.Option("--fast", help="Time passes only while an instrument is waited for, and then at once.")
    ] = False,
    bench_out: Annotated[
        Path | None,
        typer.Option("--bench-out", metavar="FILE", help="Write a bench file that finds it.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a simulated bench over TCP on this computer, until Ctrl-C. Any PyVISA program can talk to it.

    Prints the resource of each instrument, and one more: the bench's own control port, which takes `*IDN?`, `:TIME?`,
    `:TIME:PASS 60`, `:FAULT "dropped reply on lcr"`, `:FAULT:LIST?`, `:FAULT:CLEAR` and `:SYST:ERR?`. The world is new,
    and forgotten at the end, unless --lab or --state says where it is kept.
    """
    from galvanaut.flows.bench_serve import ServeOptions, serve_command

    options = ServeOptions(file, lab, state, seed, tuple(fault or ()), None if fast else speed, bench_out)
    serve_command(options, as_json)


@app.command()
def fault(
    resource: Annotated[
        str, typer.Argument(metavar="CONTROL", help="Control port that `bench serve` printed.", show_default=False)
    ],
    text: Annotated[
        str | None, typer.Argument(metavar="[FAULT]", help='E.g. "pump stall on pump_dmc".', show_default=False)
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show the faults that are in force.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="End all faults, or those of --instrument.")] = False,
    instrument: Annotated[
        str | None, typer.Option("--instrument", metavar="NAME", help="Only its faults.", show_default=False)
    ] = None,
) -> None:
    """Break something on a simulated bench that is being served, or mend it.

    A fault is a sentence: what on which instrument, when, for how long and how large. Only the first two are needed.

    - `dropped reply on lcr at message 3`
    - `power cut on pump_dmc after 30 s of 5 s`
    - `garbled reply on balance for 3 times`
    - `sensor drift on chamber for 2 h of 0.5 K/h`
    """
    from galvanaut.flows.bench_fault import fault_command

    fault_command(resource, text, listing=listing, clear=clear, instrument=instrument)
