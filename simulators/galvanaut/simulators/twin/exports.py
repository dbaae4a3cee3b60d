"""A twin in the formats of others: parameters as BPX, the twin itself as a Battery Twin Envelope.

BPX has no place for a thermodynamic factor and a resistance outside the cell; both stand under "User-defined", so a
program that reads BPX alone polarises less than the twin. The envelope's state has no uncertainties; they are among its
extensions.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from typing import Any

from galvanaut.core.errors import InputError
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, REFERENCE_K, Electrode
from galvanaut.simulators.twin.electrolyte import ACTIVATION_J_MOL, CONDUCTIVITY_P, Electrolyte
from galvanaut.simulators.twin.summary import bounds
from galvanaut.simulators.twin.twin import MODEL, Twin
from galvanaut.simulators.twin.window import room_ratio

_PREFIX = "galvanaut"
"""Of extensions."""


def to_bpx(twin: Twin, title: str) -> dict[str, Any]:
    """The twin's parameters, with what it has learnt, as the package bpx checks them.

    Args:
        twin: of the cell.
        title: of the document.

    Raises:
        InputError: the extra ``bpx`` is not installed.
    """
    bpx = _package("bpx")
    return dict(bpx.parse_bpx_obj(bpx_document(twin, title)).model_dump(by_alias=True, exclude_none=True, mode="json"))


def bpx_document(twin: Twin, title: str) -> dict[str, Any]:
    """As `to_bpx`, unchecked."""
    design, prior, state = twin.prior.nominal, twin.prior, twin.state
    full, empty = bounds(prior, state.lost)
    ratio, liquid = room_ratio(design), Electrolyte.of(prior)
    # What is lost of the lithium lowers the positive electrode's stoichiometry.
    full_p = design.full_positive + (design.full_negative - full - state.lost) * ratio
    capacity_Ah = (full - empty) * design.negative.charge_C_m2 * design.area_m2 * state.capacity_scale / 3600
    salt_mol_m3 = 1000 * prior.salt_M
    return {
        "Header": {
            "BPX": "1.1.0",
            "Title": title,
            "Description": f"Estimated by a twin from telemetry ({MODEL}). Electrodes are those of the nominal design.",
            "Model": "DFN",
        },
        "Parameterisation": {
            "Cell": {
                "Electrode area [m2]": design.area_m2 * state.capacity_scale,
                "Number of electrode pairs connected in parallel to make a cell": 1,
                "Lower voltage cut-off [V]": prior.lowest_V,
                "Upper voltage cut-off [V]": prior.highest_V,
                "Nominal cell capacity [A.h]": capacity_Ah,
                "Reference temperature [K]": REFERENCE_K,
            },
            "Electrolyte": {
                "Cation transference number": 1 - liquid.unlike,
                "Diffusivity [m2.s-1]": liquid.diffusivity_m2_s,
                "Diffusivity activation energy [J.mol-1]": ACTIVATION_J_MOL,
                "Conductivity [S.m-1]": _conductivity(liquid),
                "Conductivity activation energy [J.mol-1]": ACTIVATION_J_MOL,
            },
            "Negative electrode": _electrode(design.negative, (empty, full), salt_mol_m3, design.bruggeman),
            "Positive electrode": _electrode(
                design.positive, (full_p, full_p + (full - empty) * ratio), salt_mol_m3, design.bruggeman
            ),
            "Separator": {
                "Thickness [m]": design.separator_m,
                "Porosity": design.separator_porosity,
                "Transport efficiency": design.separator_porosity**design.bruggeman,
            },
            "User-defined": {
                "description": "What the format has no place for.",
                "Effective resistance outside the cell [Ohm]": state.resistance_ohm,
                "Thermodynamic factor": liquid.polarising / liquid.unlike,
            },
        },
        "State": {
            "Initial conditions": {
                "Initial state-of-charge": min(1.0, max(0.0, state.soc)) if state.soc == state.soc else 0.5,
                "Initial electrolyte concentration [mol.m-3]": salt_mol_m3,
            },
        },
    }


def to_envelope(twin: Twin, cell: str, as_of: datetime, data: str = "") -> dict[str, Any]:
    """The twin as a Battery Twin Envelope, checked and with the hash of its content by the package battwin.

    Args:
        twin: of the cell.
        cell: its name.
        as_of: when the last reading was taken.
        data: where its readings are, as a path or an address.

    Returns:
        The envelope in JSON types. Health and resistance below 0 are left out, a state of charge is kept within 0 to 1.

    Raises:
        InputError: the extra ``battwin`` is not installed.
    """
    battwin, state = _package("battwin"), twin.state
    values = {
        "as_of": as_of,
        "state_of_charge": min(1.0, max(0.0, state.soc)) if state.soc == state.soc else None,
        "state_of_health": min(1.5, max(0.0, state.soh)),
        "cycle_count": state.cycles,
        "internal_resistance_ohm": state.resistance_ohm if state.resistance_ohm >= 0 else None,
        "method": MODEL,
        "source_data": data or None,
    }
    envelope = battwin.TwinEnvelope(
        id=f"urn:galvanaut:cell:{cell}",
        identity=battwin.Identity(label=cell),
        specification=battwin.Specification(
            chemistry="NMC811 || graphite, nominal design", form_factor="coin", nominal_capacity_ah=_nominal_Ah(twin)
        ),
        models=[battwin.ModelBinding(kind="bpx", name="twin", inline=bpx_document(twin, cell))],
        state=battwin.StateSnapshot(**values),
        data=[battwin.DataLink(kind="bdf", uri=data, role="cycling")] if data else [],
        provenance=battwin.Provenance(created=as_of, tool=f"galvanaut {version('galvanaut')}"),
        extensions={f"{_PREFIX}:{name}": value for name, value in _uncertain(twin).items()},
        version=battwin.VersionInfo(timestamp=as_of),
    )
    return dict(envelope.to_dict())


def _uncertain(twin: Twin) -> dict[str, Any]:
    """What an envelope's state has no place for."""
    state = twin.state
    names = ("soc_sd", "soh_sd", "capacity_scale", "capacity_scale_sd", "lost", "lost_sd", "resistance_sd_ohm")
    told = {name: getattr(state, name) for name in names}
    return {name: value for name, value in told.items() if value == value} | {
        "healthy": state.healthy,
        "settled": state.settled,
        "reason": state.reason,
    }


def _nominal_Ah(twin: Twin) -> float:
    full, empty = bounds(twin.prior, 0.0)
    design = twin.prior.nominal
    return (full - empty) * design.negative.charge_C_m2 * design.area_m2 / 3600


def _electrode(side: Electrode, window: tuple[float, float], salt_mol_m3: float, bruggeman: float) -> dict[str, Any]:
    curve = side.open_circuit
    terms = [f"{curve.level_V!r} + {curve.slope_V!r} * x"]
    terms += [f"{height!r} * tanh({steepness!r} * (x - {place!r}))" for height, steepness, place in curve.steps]
    if curve.fading[0]:
        terms.append(f"{curve.fading[0]!r} * exp(-{curve.fading[1]!r} * x)")
    return {
        "Thickness [m]": side.thickness_m,
        "Porosity": side.porosity,
        "Transport efficiency": side.porosity**bruggeman,
        "Conductivity [S.m-1]": side.conductivity_S_m,
        "Minimum stoichiometry": min(window),
        "Maximum stoichiometry": max(window),
        "Maximum concentration [mol.m-3]": side.most_mol_m3,
        "Particle radius [m]": side.radius_m,
        "Surface area per unit volume [m-1]": side.surface_1_m,
        "Diffusivity [m2.s-1]": side.diffusivity_m2_s,
        "OCP [V]": " + ".join(f"({term})" for term in terms),
        "Reaction rate constant [mol.m-2.s-1]": side.exchange * side.most_mol_m3 * salt_mol_m3**0.5 / FARADAY_C_MOL,
        "Reaction rate constant activation energy [J.mol-1]": side.activation_J_mol,
    }


def _conductivity(liquid: Electrolyte) -> str:
    first, half, cubed = (liquid.factor * p for p in CONDUCTIVITY_P)
    return f"{first!r} * (x / 1000) + {half!r} * (x / 1000) ** 1.5 + {cubed!r} * (x / 1000) ** 3"


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        text = (
            f"the package {name} is not installed: pip install 'galvanaut[{name}]', or in a clone uv run --extra {name}"
        )
        raise InputError("twin export", text) from None
