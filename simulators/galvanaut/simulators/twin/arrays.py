"""Many channels at once with arrays: the equations of `kernels`, line by line, for where numba is not installed.

``f`` is the record of `layout.fixed`, ``e`` rows of `layout.liquid`, ``s`` rows of state, all of n channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array, Flags

Liquid = tuple[Array, Array, Array, Array]


def follow(fixed: Any, liquid: Any, rows: Any, readings: Array, seen: Array) -> int:
    """As `kernels.follow`."""
    is_over = np.zeros(1, np.bool_)
    for place in range(len(readings)):
        tick(fixed, liquid, rows, readings[place : place + 1], seen[place : place + 1], is_over)
        if is_over[0]:
            return place
    return len(readings)


def tick(fixed: Any, liquid: Any, rows: Any, readings: Array, seen: Array, is_over: Flags) -> None:
    """As `kernels.tick`."""
    f, e, begun, current_A, cycle = fixed[0], liquid, rows["begun"] != 0, readings[:, 1], readings[:, 4]
    here = np.isfinite(readings[:, 0])
    counted = np.isfinite(cycle) & np.isfinite(rows["cycle"])
    ends = np.where(counted, cycle != rows["cycle"], (rows["phase"] < 0) & (current_A > f["rest_A"]))
    is_over[:] = here & begun & np.isfinite(current_A) & (readings[:, 0] > rows["time_s"]) & ends
    _read(f, e, rows, readings, seen, np.flatnonzero(here & ~is_over))


def _read(f: Any, e: Any, rows: Any, readings: Array, seen: Array, chosen: Any) -> None:
    seen[chosen, :4], seen[chosen, 4:] = np.nan, 0.0
    rows["readings"][chosen] += 1
    s, told = rows[chosen], readings[chosen]
    seconds = np.where(s["begun"] != 0, told[:, 0] - s["time_s"], 0.0)
    is_late = (s["begun"] != 0) & (seconds <= 0)
    is_bad = ~np.isfinite(told[:, 1]) | is_late | ((s["begun"] == 0) & ~_sees(f, told))
    degC = told[:, 3]
    takes_degC = np.isfinite(degC) & np.isfinite(told[:, 1]) & ~is_late
    kelvin = np.minimum(343.0, np.maximum(253.0, np.where(takes_degC, degC, 0.0) + f["freezing_K"]))
    weight = np.where(s["begun"] != 0, 1 - np.exp(-np.maximum(seconds, 0.0) / f["base_s"]), 1.0)
    rows["kelvin"][chosen] += np.where(takes_degC, (kelvin - s["kelvin"]) * weight, 0.0)
    rows["skipped"][chosen] += is_bad
    is_new, goes = ~is_bad & (s["begun"] == 0), ~is_bad & (s["begun"] != 0)
    if is_new.any():
        _apply(_begin, f, e, rows, readings, seen, chosen[is_new])
    if goes.any():
        _apply(_go, f, e, rows, readings, seen, chosen[goes])
    taken = chosen[~is_bad]
    s, told = rows[taken], readings[taken]
    current_A = told[:, 1]
    for place, name in ((1, "current_A"), (4, "cycle"), (5, "step"), (6, "step_time_s")):
        rows[name][taken] = told[:, place]
    rows["most_A"][taken] = np.maximum(s["most_A"], current_A)
    rows["least_A"][taken] = np.minimum(s["least_A"], current_A)
    rows["phase"][taken] = np.where(np.abs(current_A) > f["rest_A"], np.where(current_A > 0, 1.0, -1.0), s["phase"])
    seen[taken, 3] = _share(f, s)


def _sees(f: Any, told: Array) -> Flags:
    """Whether a reading has a voltage that a cell can have."""
    return np.asarray(np.isfinite(told[:, 2]) & (told[:, 2] > f["least_V"]) & (told[:, 2] < f["highest_V"]))


def _apply(work: Any, f: Any, e: Any, rows: Any, readings: Array, seen: Array, chosen: Any) -> None:
    """Work on a copy of some rows, and put it back."""
    s, looks = rows[chosen], seen[chosen]
    work(f, e[chosen], s, readings[chosen], looks)
    rows[chosen], seen[chosen] = s, looks


def _go(f: Any, e: Any, s: Any, told: Array, looks: Array) -> None:
    """To the next reading, and use it."""
    seconds = told[:, 0] - s["time_s"]
    is_gap = seconds > f["gap_s"]
    s["gaps"] += is_gap
    looks[:, 4] += np.where(is_gap, f["gap"], 0.0)
    _pass(f, e, s, told[:, 1], seconds, told[:, 5], told[:, 6])
    s["cycle_s"] += seconds
    s["learnt_s"] += seconds
    s["time_s"], s["current_A"] = told[:, 0], told[:, 1]
    sees = np.flatnonzero(_sees(f, told))
    if len(sees):
        part, mine = s[sees], looks[sees]
        _use(f, e[sees], part, told[sees, 1], told[sees, 2], seconds[sees], mine)
        s[sees], looks[sees] = part, mine


def _pass(f: Any, e: Any, s: Any, current_A: Array, seconds: Array, step: Array, step_time_s: Array) -> None:
    change_A, knows = current_A - s["current_A"], np.isfinite(step) & np.isfinite(s["step"])
    largest_A = np.maximum(np.abs(current_A), np.abs(s["current_A"]))
    jumps = np.abs(change_A) > np.maximum(f["rest_A"], f["step_share"] * largest_A)
    spent_s = step_time_s - s["step_time_s"]
    is_off = knows & (step == s["step"]) & (spent_s >= 0) & (seconds - spent_s > f["stood_still_s"])
    is_timed = is_off | (knows & (step != s["step"]) & np.isfinite(step_time_s))
    is_blind = ~is_timed & jumps & ~(knows & (step == s["step"]))
    known_s = np.where(is_off, spent_s, np.where(is_timed, step_time_s, 0.0))
    old_s = np.where(is_timed, np.minimum(seconds, np.maximum(0.0, seconds - known_s)), 0.0)
    is_ramp = ~is_timed & ~is_blind
    if is_timed.any():
        _move(f, e, s, np.where(is_off, 0.0, s["current_A"]), np.zeros_like(seconds), old_s)
    begins_A = np.where(is_ramp, s["current_A"], current_A)
    _move(f, e, s, begins_A, np.where(is_ramp, change_A / seconds, 0.0), seconds - old_s)
    unsure_C2 = np.where(is_blind, (change_A * seconds) ** 2 / 12, 0.0)
    s["unsure_C2"] += unsure_C2
    s["cov"][:, 0, 0] += unsure_C2 / (f["room_n_C"] * s["scale"]) ** 2
    calm_s = np.where(is_off | (is_timed & jumps), seconds - old_s, s["stepped_s"] + seconds)
    turns = is_ramp & (np.abs(change_A) > f["turn_share"] * largest_A)
    s["stepped_s"] = np.where(is_blind | turns, 0.0, calm_s)


def _move(f: Any, e: Any, s: Any, current_A: Array, slope_A_s: Array, seconds: Array) -> None:
    j_A, slope = current_A / s["scale"], slope_A_s / s["scale"]
    end_A = j_A + slope * seconds
    warm = np.exp(f["activation"] / f["gas"] * (1 / e["kelvin"] - 1 / s["kelvin"]))
    rates = f["eigen"] * (e["diffusivity"] * warm)[:, None]
    gains = -f["sources"] * e["unlike"][:, None] / (f["faraday"] * f["area_m2"] * rates)
    modes = (("ahead_n", f["rates_n"], f["gains_n"]), ("ahead_p", f["rates_p"], f["gains_p"]), ("salt", rates, gains))
    for name, rate, gain in modes:
        lag_A = slope[:, None] / rate
        fading = np.exp(-rate * seconds[:, None])
        s[name] = (s[name] - gain * (j_A[:, None] - lag_A)) * fading + gain * (end_A[:, None] - lag_A)
    inner_C = (j_A + end_A) / 2 * seconds
    s["x"] += inner_C / f["room_n_C"]
    s["y"] -= inner_C / f["room_p_C"]
    charge_C = inner_C * s["scale"]
    s["charged_C"] += np.maximum(charge_C, 0.0)
    s["discharged_C"] -= np.minimum(charge_C, 0.0)
    s["released_J"] -= np.minimum(charge_C, 0.0) * s["simulated_V"]
    cov, coupling = s["cov"], -charge_C / (f["room_n_C"] * s["scale"] * s["scale"])
    cov[:, 0, :] += coupling[:, None] * cov[:, 2, :]
    cov[:, :, 0] += coupling[:, None] * cov[:, :, 2]
    offset = f["offset_A"] * seconds / (f["room_n_C"] * s["scale"])
    cov[:, 0, 0] += f["drift_b"] * seconds + offset * offset
    for place, name in ((1, "drift_ohm2"), (2, "drift_g"), (3, "drift_l")):
        cov[:, place, place] += f[name] * seconds


def _potential(f: Any, curve: Array, surface: Array) -> tuple[Array, Array]:
    inside = np.minimum(1 - f["edge"], np.maximum(f["edge"], surface))
    heights, steepness, places = curve[4:].reshape(-1, 3).T
    bend = np.tanh(steepness * (inside[:, None] - places))
    volts = curve[0] + curve[1] * inside + (heights * bend).sum(axis=1)
    rise = curve[1] + (heights * steepness * (1 - bend * bend)).sum(axis=1)
    if curve[2] != 0:
        fading = curve[2] * np.exp(-curve[3] * inside)
        volts, rise = volts + fading, rise - curve[3] * fading
    is_out = inside != surface
    return volts - f["beyond_V"] * (surface - inside), np.where(is_out, -f["beyond_V"], rise)


def _liquid(f: Any, e: Any, s: Any) -> Liquid:
    scale = e["factor"] * np.exp(f["activation"] / f["gas"] * (1 / e["kelvin"] - 1 / s["kelvin"]))
    c = e["salt_M"][:, None] + s["salt"] @ f["shapes_M"].T
    c = np.minimum(f["most_M"], np.maximum(f["least_M"], c))
    conductivity = scale[:, None] * c * (f["first"] + f["half"] * np.sqrt(c) + f["cubed"] * c * c)
    ohm = (f["ohm_m"] / conductivity).sum(axis=1)
    return c @ f["mean_n"], c @ f["mean_p"], np.log(c) @ (f["mean_p"] - f["mean_n"]), ohm


def _sensed(f: Any, e: Any, s: Any, current_A: Array, liquid: Liquid, off: Array) -> Array:
    """Shape (n, 5): voltage, and its slopes."""
    mean_n, mean_p, log_ratio, ohm = liquid
    scale = s["scale"] + off[:, 2]
    shrunk = s["scale"] / scale
    ahead_n, ahead_p = s["ahead_n"].sum(axis=1) * shrunk, s["ahead_p"].sum(axis=1) * shrunk
    x, y = s["x"] + off[:, 0] + ahead_n, s["y"] - (off[:, 0] + off[:, 3]) * f["ratio"] + ahead_p
    volts_n, rise_n = _potential(f, f["curve_n"], x)
    volts_p, rise_p = _potential(f, f["curve_p"], y)
    j_A, thermal_V = current_A / scale, 2 * f["gas"] * s["kelvin"] / f["faraday"]
    colder = 1 / f["reference_K"] - 1 / s["kelvin"]
    twice = []
    for side, surface, salt in (("n", x, mean_n), ("p", y, mean_p)):
        inside = np.minimum(1 - f["edge"], np.maximum(f["edge"], surface))
        warm = np.exp(f[f"activation_{side}"] / f["gas"] * colder)
        twice.append(2 * f[f"exchange_{side}"] * warm * np.sqrt(salt * inside * (1 - inside)))
    reaction_V = thermal_V * (np.arcsinh(j_A / twice[0]) + np.arcsinh(j_A / twice[1]))
    reaction_ohm = thermal_V * sum(1 / np.sqrt(each**2 + j_A**2) for each in twice)
    salt_V, inner_ohm = thermal_V * e["polarising"] * log_ratio * shrunk, ohm + f["solid_ohm"]
    volts = volts_p - volts_n + salt_V + reaction_V + j_A * inner_ohm + current_A * (s["ohm"] + off[:, 1])
    by_g = -(rise_p * ahead_p - rise_n * ahead_n + salt_V + j_A * (inner_ohm + reaction_ohm)) / scale
    return np.stack([volts, -rise_n - rise_p * f["ratio"], current_A, by_g, -rise_p * f["ratio"]], axis=1)


def _begin(f: Any, e: Any, s: Any, told: Array, looks: Array) -> None:
    time_s, current_A, measured_V = told[:, 0], told[:, 1], told[:, 2]
    low, high, nothing = np.full(len(s), f["edge"]), np.full(len(s), 1 - f["edge"]), np.zeros((len(s), 4))
    liquid = _liquid(f, e, s)
    for _ in range(50):
        s["x"] = (low + high) / 2
        s["y"] = f["full_p"] + (f["full_n"] - s["x"]) * f["ratio"]
        above = _sensed(f, e, s, current_A, liquid, nothing)[:, 0] > measured_V
        high, low = np.where(above, s["x"], high), np.where(above, low, s["x"])
    sensed = _sensed(f, e, s, current_A, liquid, nothing)
    by_b = np.maximum(sensed[:, 1], 0.05)
    cov = s["cov"]
    cov[:, 0, 0] = (f["first_V"] / by_b) ** 2
    for k in range(1, 4):
        bond = -sensed[:, k + 1] / by_b
        cov[:, 0, k] = cov[:, k, 0] = bond * cov[:, k, k]
        cov[:, 0, 0] += bond * bond * cov[:, k, k]
    s["begun"], s["began_s"], s["time_s"], s["current_A"], s["simulated_V"] = (
        1.0,
        time_s,
        time_s,
        current_A,
        sensed[:, 0],
    )
    looks[:, 0], looks[:, 1] = sensed[:, 0], measured_V - sensed[:, 0]


def _use(f: Any, e: Any, s: Any, current_A: Array, measured_V: Array, seconds: Array, looks: Array) -> None:
    liquid = _liquid(f, e, s)
    sensed = _sensed(f, e, s, current_A, liquid, np.zeros((len(s), 4)))
    left_V = measured_V - sensed[:, 0]
    looks[:, 0], looks[:, 1] = sensed[:, 0], left_V
    was, now = s["frozen_now"] != 0, _stays(f, s, current_A, measured_V, sensed[:, 0], seconds)
    moved_V = np.abs(sensed[:, 0] - s["simulated_V"])
    s["frozen_now"], s["simulated_V"] = now, sensed[:, 0]
    looks[:, 4] += np.where(now & ~was, f["frozen"], 0.0)
    moving = np.flatnonzero(~now)
    part, mine = s[moving], looks[moving]
    code, step_V, is_good = _noticed(f, part, left_V[moving], sensed[moving, 1:], moved_V[moving], seconds[moving])
    mine[:, 4] += code
    mine[:, 5] = step_V
    part["residual_V"] = left_V[moving]
    s[moving], looks[moving] = part, mine
    good = moving[is_good]
    part = s[good]
    part["count"] += 1
    part["sum_V"] += left_V[good]
    part["sum_V2"] += left_V[good] ** 2
    few = tuple(each[good] for each in liquid)
    nis = _update(f, e[good], part, current_A[good], measured_V[good], few, sensed[good])
    part["nis"] += (1 - np.exp(-part["learnt_s"] / f["nis_s"])) * (np.minimum(nis, 100.0) - part["nis"])
    part["used"] += 1
    part["learnt_s"] = 0.0
    s[good], looks[good, 2] = part, nis


def _stays(f: Any, s: Any, current_A: Array, measured_V: Array, simulated_V: Array, seconds: Array) -> Flags:
    other = (measured_V != s["same_V"]) | (np.abs(current_A - s["same_A"]) > 0.01 * np.abs(current_A))
    s["same_V"], s["same_A"] = np.where(other, measured_V, s["same_V"]), np.where(other, current_A, s["same_A"])
    s["same_s"] = np.where(other, 0.0, s["same_s"] + seconds)
    s["same_moved_V"] = np.where(other, 0.0, s["same_moved_V"] + simulated_V - s["simulated_V"])
    return np.asarray(~other & (s["same_s"] >= f["frozen_s"]) & (np.abs(s["same_moved_V"]) >= f["frozen_V"]))


def _noticed(
    f: Any, s: Any, left_V: Array, slopes: Array, moved_V: Array, seconds: Array
) -> tuple[Array, Array, Flags]:
    is_open = s["stepped_s"] >= np.maximum(f["gate_s"], f["gate_readings"] * seconds)
    noise_V = np.sqrt(s["noise_V2"])
    spread_V2 = np.maximum(0.0, (slopes * (s["cov"] * slopes[:, None, :]).sum(axis=2)).sum(axis=1))
    unsure_V = f["steep"] * np.abs(slopes[:, 0]) + f["unsettled"] * np.sqrt(spread_V2) + f["moved_share"] * moved_V
    unit_V, weight = f["sum_V"] + unsure_V + 0.5 * noise_V, np.minimum(seconds, 60.0) / 60
    up = np.maximum(0.0, s["up"] + (left_V / unit_V - f["sum_allowance"]) * weight)
    down = np.maximum(0.0, s["down"] + (-left_V / unit_V - f["sum_allowance"]) * weight)
    is_far = is_open & (np.maximum(up, down) > f["sum_limit"])
    s["up"] = np.where(is_open, np.where(is_far, 0.0, up), s["up"])
    s["down"] = np.where(is_open, np.where(is_far, 0.0, down), s["down"])
    is_first = is_open & (s["based"] == 0)
    step_V = left_V - s["base_V"]
    is_big = is_open & ~is_first & (np.abs(step_V) > f["jump_V"] + f["jump_sd"] * noise_V + unsure_V)
    doubted = np.where(is_big, s["doubted"] + 1, np.where(is_first, s["doubted"], 0.0))
    waits = is_big & ((s["same_s"] > 0) | ((doubted < 2) & (seconds < f["confirm_s"])))
    is_jump = is_big & ~waits
    calm = is_open & ~is_first & ~is_big
    follows_V = s["base_V"] + (1 - np.exp(-seconds / f["base_s"])) * step_V
    s["base_V"] = np.where(is_first, left_V, np.where(calm, follows_V, s["base_V"]))
    s["based"], s["doubted"] = is_open & ~is_jump, np.where(is_jump, 0.0, doubted)
    for state in (0, 2, 3):
        s["cov"][:, state, state] += np.where(is_far, f["reopened"] ** 2, 0.0)
    loads = is_jump & (np.abs(s["current_A"]) > f["rest_A"])
    current_A = np.where(loads, s["current_A"], 1.0)
    s["cov"][:, 1, 1] += np.where(loads, np.minimum(f["most_ohm"], np.abs(step_V / current_A)) ** 2, 0.0)
    code = np.where(is_far, f["summed"], 0.0) + np.where(is_jump, f["jump"], 0.0)
    return code, np.where(is_jump, step_V, 0.0), np.asarray(~waits)


def _update(f: Any, e: Any, s: Any, current_A: Array, measured_V: Array, liquid: Any, sensed: Array) -> Array:
    calm = 1 + (f["gate_noise"] - 1) * np.exp(-s["stepped_s"] / f["gate_s"])
    noise_V2 = s["noise_V2"] * calm * calm
    scatter_V2 = noise_V2 * np.maximum(1.0, f["shared_s"] / s["learnt_s"])
    most = np.array([f["most_b"], f["most_ohm"], f["most_g"], f["most_l"]])
    off, now, nis = np.zeros((len(s), 4)), sensed, np.zeros(len(s))
    for trial in range(2):
        if trial == 1:
            now = _sensed(f, e, s, current_A, liquid, off)
        slopes = now[:, 1:]
        crossed = np.einsum("nab,nb->na", s["cov"], slopes)
        spread_V2 = (slopes * crossed).sum(axis=1)
        left_V = np.clip(measured_V - now[:, 0] + (slopes * off).sum(axis=1), -f["most_V"], f["most_V"])
        total_V2 = spread_V2 + scatter_V2
        is_out = left_V * left_V > f["outlier"] ** 2 * total_V2
        far_V = np.where(is_out, np.abs(left_V), 1.0)
        share = np.where(is_out, f["outlier"] * np.sqrt(total_V2) / far_V, 1.0)
        gains = crossed / total_V2[:, None] * share[:, None]
        off = np.minimum(most, np.maximum(-most, gains * left_V[:, None]))
        if trial == 0:
            nis = left_V * left_V / (spread_V2 + noise_V2)
            _learn(f, s, left_V, spread_V2)
            s["simulated_V"] = sensed[:, 0] + left_V * share * spread_V2 / total_V2
    _settle(f, s, off, gains, crossed, most)
    return nis


def _learn(f: Any, s: Any, left_V: Array, spread_V2: Array) -> None:
    excess_V2 = np.clip(left_V * left_V - spread_V2, 0.0, 4 * f["most_noise_V"] ** 2)
    learnt_V2 = s["noise_V2"] + (1 - np.exp(-s["learnt_s"] / f["learn_s"])) * (excess_V2 - s["noise_V2"])
    learnt_V2 = np.clip(learnt_V2, f["noise_V"] ** 2, f["most_noise_V"] ** 2)
    s["noise_V2"] = np.where(s["stepped_s"] < f["gate_s"], s["noise_V2"], learnt_V2)


def _settle(f: Any, s: Any, off: Array, gains: Array, crossed: Array, most: Array) -> None:
    product = gains[:, :, None] * crossed[:, None, :]
    cov = s["cov"] - (product + product.transpose(0, 2, 1)) / 2
    lower = np.tril(cov)
    cov = lower + np.tril(cov, -1).transpose(0, 2, 1)
    places = np.arange(4)
    cov[:, places, places] = np.maximum(cov[:, places, places], 1e-14)
    s["cov"] = cov
    s["x"] += off[:, 0]
    s["y"] -= (off[:, 0] + off[:, 3]) * f["ratio"]
    s["moved_C"] += off[:, 0] * f["room_n_C"] * s["scale"]
    scale = np.clip(s["scale"] + off[:, 2], 0.2, 2.0)
    shrunk = (s["scale"] / scale)[:, None]
    for name in ("ahead_n", "ahead_p", "salt"):
        s[name] *= shrunk
    s["scale"], s["ohm"] = scale, np.clip(s["ohm"] + off[:, 1], -20.0, 2000.0)
    s["lost"] = np.clip(s["lost"] + off[:, 3], f["least_lost"], f["most_lost"])
    s["clamped"] += (np.abs(off[:, 0]) >= most[0]) | (np.abs(off[:, 2]) >= most[2])


def _share(f: Any, s: Any) -> Array:
    place = np.clip((s["lost"] - f["least_lost"]) / f["grid_lost"], 0.0, len(f["full"]) - 1.001)
    left = place.astype(int)
    part = place - left
    full = f["full"][left] * (1 - part) + f["full"][left + 1] * part
    empty = f["empty"][left] * (1 - part) + f["empty"][left + 1] * part
    return np.asarray((s["x"] - empty) / (full - empty))
