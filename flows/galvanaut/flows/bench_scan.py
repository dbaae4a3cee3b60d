"""`galvanaut bench scan`: which instruments answer, and a bench file that has them in it, to be filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.units import example
from galvanaut.flows.bench_access import bench_access
from galvanaut.flows.folder import new_file
from galvanaut.flows.labbench import sole_user
from galvanaut.flows.tables import table_text
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.scan import (
    Found,
    ask_who,
    list_resources,
    optional_settings,
    required_settings,
    unused_names,
)
from galvanaut.instruments.wiring import WORDS

if TYPE_CHECKING:
    from pyvisa import ResourceManager

NOT_ASKED = "not asked; say --serial, or name it with --resource"
_WHAT: dict[str, str] = {
    "draws": "a stock or vessel",
    "into": "a vessel",
    "houses": "a vessel or holder",
    "channel": "a holder",
    "loads": "a list of holders",
}


def scan_command(
    file: Path | None, visa: str, resources: Sequence[str], serial: bool, output: Path | None, as_json: bool
) -> None:
    """Scan, and print or write what was found."""
    if visa not in ("@py", "@ivi"):
        raise InputError("--visa", f"is @py or @ivi, found {visa!r}")
    if file is not None and (resources or serial):
        raise InputError("--resource and --serial", "are for this computer's instruments; FILE names a simulated bench")
    found = scan_real(visa, resources, serial) if file is None else scan_simulated(file)
    text = draft(found, visa if file is None else "simulated")
    if output is not None:
        with new_file(output) as sink:
            sink.write(text)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    typer.echo(scan_text(found))
    if output is not None:
        typer.echo(f"draft written to {output}")
    elif any(each.drivers for each in found):
        typer.echo(f"\n{text}", nl=False)


def scan_simulated(file: Path) -> list[Found]:
    """Everything on a simulated bench.

    Raises:
        InputError: the bench is real; its resources are named in the file already.
    """
    bench = load_bench(file)
    if not bench.is_simulated:
        problem = "is real and names its resources already; `galvanaut bench check` asks them, `scan` looks for others"
        raise InputError(f"bench {bench.name}", problem)
    with bench_access(bench) as (manager, _):
        return [ask_who(manager, resource) for resource in list_resources(manager)]


def scan_real(visa: str, resources: Sequence[str], serial: bool) -> list[Found]:
    """What a VISA library lists, and the resources named.

    Args:
        visa: ``@py`` or ``@ivi``.
        resources: asked whatever they are.
        serial: whether the serial ports that the library lists are asked, too.
    """
    manager = _library(visa)
    try:
        named = list(dict.fromkeys(resources))
        listed = [each for each in _listed(manager) if each not in named]
        found = [_asked(manager, visa, resource) for resource in named]
        for resource in listed:
            is_asked = serial or not resource.upper().startswith("ASRL")
            found.append(_asked(manager, visa, resource) if is_asked else Found(resource, note=NOT_ASKED))
        return found
    finally:
        manager.close()


def scan_text(found: Sequence[Found]) -> str:
    """The resources as a table."""
    if not found:
        return "The VISA library finds no instruments. It cannot find raw sockets: name them with --resource."
    known = sum(bool(each.drivers) for each in found)
    rows = [
        {
            "resource": each.resource,
            "identity": each.identity,
            "driver": " or ".join(each.drivers),
            "note": each.note,
        }
        for each in found
    ]
    return table_text(f"{len(rows)} resources, {known} with a driver", rows)


def draft(found: Sequence[Found], visa: str) -> str:
    """A bench file with all recognised instruments; ``???`` marks what only the user knows."""
    known = [each for each in found if each.drivers]
    names = unused_names([each.drivers[0] for each in known])
    lines = [
        "# Drafted by `galvanaut bench scan`. Fill in every ???; the words are explained in docs/bench-file.md.",
        "# No driver was ever run on hardware. Try with water and without cells first.",
        "name: ???",
        f"visa: {visa if visa == 'simulated' else repr(visa)}",
        "stocks: {}    # bottles: composition, density, available, lot",
        "vessels: {}   # what holds liquids: capacity",
        "holders: {}   # what holds cells",
        "instruments:" if known else "instruments: {}  # nothing was recognised",
    ]
    for name, each in zip(names, known, strict=True):
        lines += _entry(name, each)
    lines += [f"# {each.resource}: {each.identity or each.note}" for each in found if not each.drivers]
    return "\n".join(lines) + "\n"


def _entry(name: str, found: Found) -> list[str]:
    driver, *others = found.drivers
    role = driver_class(driver).role
    lines = [f"  # {found.identity or found.note}"]
    lines += [f"  # also recognised by {', '.join(others)}"] if others else []
    lines += [f"  {name}:", f"    driver: {driver}", f"    resource: {found.resource!r}"]
    lines.append(f"    wiring:  # of a {role}" if WORDS[role] else f"    wiring: {{}}  # a {role} needs none")
    lines += [f"      {word}: ???  # {_WHAT.get(word, 'a vessel')}" for word in WORDS[role]]
    required = required_settings(driver)
    if required:
        lines.append("    settings:")
        for setting, unit in required:
            lines.append(f"      {setting}: ???" + (f"  # with its unit, as in {example(unit)}" if unit else ""))
    optional = optional_settings(driver)
    lines += [f"    # settings with a default: {', '.join(optional)}"] if optional else []
    return lines


def _asked(manager: ResourceManager, visa: str, resource: str) -> Found:
    try:
        with sole_user(visa, resource, resource):
            return ask_who(manager, resource)
    except InputError as error:  # a running campaign must not find strange replies on its line
        return Found(resource, note=f"not asked: {error.problems[0].message}")
    except GalvanautError as error:
        return Found(resource, note=str(error))


def _listed(manager: ResourceManager) -> list[str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyvisa-py tells which optional packages would find more
        return list_resources(manager)


def _library(visa: str) -> ResourceManager:
    import pyvisa

    try:
        return pyvisa.ResourceManager(visa)
    except (OSError, ValueError) as error:
        hint = "install galvanaut[lab]" if visa == "@py" else "install the maker's VISA"
        raise InputError(f"--visa {visa}", f"cannot be loaded ({error}); {hint}") from None
