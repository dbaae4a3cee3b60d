"""One channel, number by number, as numba compiles it; see README.md for the equations in words.

`arrays` does the same for many channels at once and is what runs without numba; tests hold the two together. ``f`` is
the record of `layout.fixed`, ``e`` one row of `layout.liquid`, ``s`` the channel's row of state.
"""

from __future__ import annotations

from math import asinh, exp, isfinite, log, sqrt, tanh
from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.compiled import compiled
from galvanaut.simulators.cells.spme.parameters import Array

Four = tuple[float, float, float, float]
Five = tuple[float, float, float, float, float]


@compiled
def _potential(f: Any, curve: Array, surface: float) -> tuple[float, float]:
    """Open-circuit potential of an electrode, and its slope."""
    inside = min(1 - f.edge, max(f.edge, surface))
    volts, rise = curve[0] + curve[1] * inside, curve[1]
    for step in range(4, len(curve), 3):
        bend = tanh(curve[step + 1] * (inside - curve[step + 2]))
        volts += curve[step] * bend
        rise += curve[step] * curve[step + 1] * (1 - bend * bend)
    if curve[2] != 0:
        fading = curve[2] * exp(-curve[3] * inside)
        volts, rise = volts + fading, rise - curve[3] * fading
    if inside != surface:
        volts, rise = volts - f.beyond_V * (surface - inside), -f.beyond_V
    return volts, rise


@compiled
def _move(f: Any, e: Any, s: Any, current_A: float, slope_A_s: float, seconds: float) -> None:
    """Diffusion and charge under a current that is a straight line in time; all modes have a closed form."""
    j_A, slope = current_A / s.scale, slope_A_s / s.scale
    end_A = j_A + slope * seconds
    for k in range(len(f.rates_n)):
        rate, gain = f.rates_n[k], f.gains_n[k]
        lag_A = slope / rate
        s.ahead_n[k] = (s.ahead_n[k] - gain * (j_A - lag_A)) * exp(-rate * seconds) + gain * (end_A - lag_A)
        rate, gain = f.rates_p[k], f.gains_p[k]
        lag_A = slope / rate
        s.ahead_p[k] = (s.ahead_p[k] - gain * (j_A - lag_A)) * exp(-rate * seconds) + gain * (end_A - lag_A)
    warm = exp(f.activation / f.gas * (1 / e.kelvin - 1 / s.kelvin))
    for k in range(len(f.eigen)):
        rate = f.eigen[k] * e.diffusivity * warm
        gain = -f.sources[k] * e.unlike / (f.faraday * f.area_m2 * rate)
        lag_A = slope / rate
        s.salt[k] = (s.salt[k] - gain * (j_A - lag_A)) * exp(-rate * seconds) + gain * (end_A - lag_A)
    inner_C = (j_A + end_A) / 2 * seconds
    s.x += inner_C / f.room_n_C
    s.y -= inner_C / f.room_p_C
    charge_C = inner_C * s.scale
    if charge_C > 0:
        s.charged_C += charge_C
    else:
        s.discharged_C -= charge_C
        s.released_J -= charge_C * s.simulated_V
    _spread(f, s, charge_C, seconds)


@compiled
def _spread(f: Any, s: Any, charge_C: float, seconds: float) -> None:
    """How much less is known after a time: the scale's uncertainty becomes one of the stoichiometry."""
    coupling = -charge_C / (f.room_n_C * s.scale * s.scale)
    s.cov[0] += coupling * s.cov[2]
    s.cov[:, 0] += coupling * s.cov[:, 2]
    offset = f.offset_A * seconds / (f.room_n_C * s.scale)
    s.cov[0, 0] += f.drift_b * seconds + offset * offset
    s.cov[1, 1] += f.drift_ohm2 * seconds
    s.cov[2, 2] += f.drift_g * seconds
    s.cov[3, 3] += f.drift_l * seconds


@compiled
def _liquid(f: Any, e: Any, s: Any) -> Four:
    """Mean salt in both electrodes, the mean logarithm of the ratio, and the resistance of the liquid."""
    warm = exp(f.activation / f.gas * (1 / e.kelvin - 1 / s.kelvin))
    scale = e.factor * warm
    mean_n, mean_p, log_ratio, ohm = 0.0, 0.0, 0.0, 0.0
    for place in range(f.shapes_M.shape[0]):
        c = e.salt_M
        for k in range(f.shapes_M.shape[1]):
            c += f.shapes_M[place, k] * s.salt[k]
        c = min(f.most_M, max(f.least_M, c))
        root = sqrt(c)
        ohm += f.ohm_m[place] / (scale * c * (f.first + f.half * root + f.cubed * c * c))
        mean_n += f.mean_n[place] * c
        mean_p += f.mean_p[place] * c
        weight = f.mean_p[place] - f.mean_n[place]
        if weight != 0:
            log_ratio += weight * log(c)
    return mean_n, mean_p, log_ratio, ohm


@compiled
def _sensed(f: Any, e: Any, s: Any, current_A: float, liquid: Four, off: Four) -> Five:
    """Voltage after corrections ``off`` of the four states, and how it changes with each of them."""
    mean_n, mean_p, log_ratio, ohm = liquid
    scale = s.scale + off[2]
    shrunk = s.scale / scale
    ahead_n, ahead_p = s.ahead_n.sum() * shrunk, s.ahead_p.sum() * shrunk
    x, y = s.x + off[0] + ahead_n, s.y - (off[0] + off[3]) * f.ratio + ahead_p
    volts_n, rise_n = _potential(f, f.curve_n, x)
    volts_p, rise_p = _potential(f, f.curve_p, y)
    j_A, thermal_V = current_A / scale, 2 * f.gas * s.kelvin / f.faraday
    colder = 1 / f.reference_K - 1 / s.kelvin
    inside_n, inside_p = min(1 - f.edge, max(f.edge, x)), min(1 - f.edge, max(f.edge, y))
    twice_n = 2 * f.exchange_n * exp(f.activation_n / f.gas * colder) * sqrt(mean_n * inside_n * (1 - inside_n))
    twice_p = 2 * f.exchange_p * exp(f.activation_p / f.gas * colder) * sqrt(mean_p * inside_p * (1 - inside_p))
    reaction_V = thermal_V * (asinh(j_A / twice_n) + asinh(j_A / twice_p))
    reaction_ohm = thermal_V * (1 / sqrt(twice_n**2 + j_A**2) + 1 / sqrt(twice_p**2 + j_A**2))
    salt_V = thermal_V * e.polarising * log_ratio * shrunk
    inner_ohm = ohm + f.solid_ohm
    volts = volts_p - volts_n + salt_V + reaction_V + j_A * inner_ohm + current_A * (s.ohm + off[1])
    by_b = -rise_n - rise_p * f.ratio
    by_g = -(rise_p * ahead_p - rise_n * ahead_n + salt_V + j_A * (inner_ohm + reaction_ohm)) / scale
    return volts, by_b, current_A, by_g, -rise_p * f.ratio


@compiled
def _update(f: Any, e: Any, s: Any, current_A: float, measured_V: float, liquid: Four, sensed: Five) -> float:
    """Use a reading: linearised twice, outliers count less, corrections are cut off. Gives the innovation squared."""
    calm = 1 + (f.gate_noise - 1) * exp(-s.stepped_s / f.gate_s)
    noise_V2 = s.noise_V2 * calm * calm
    scatter_V2 = noise_V2 * max(1.0, f.shared_s / s.learnt_s)
    off, now, nis = (0.0, 0.0, 0.0, 0.0), sensed, 0.0
    gains, crossed = np.zeros(4), np.zeros(4)
    for trial in range(2):
        if trial == 1:
            now = _sensed(f, e, s, current_A, liquid, off)
        spread_V2, left_V = 0.0, measured_V - now[0]
        for a in range(4):
            crossed[a] = 0.0
            for b in range(4):
                crossed[a] += s.cov[a, b] * now[b + 1]
            spread_V2 += now[a + 1] * crossed[a]
            left_V += now[a + 1] * off[a]
        left_V = min(f.most_V, max(-f.most_V, left_V))
        total_V2, share = spread_V2 + scatter_V2, 1.0
        if left_V * left_V > f.outlier**2 * total_V2:
            share = f.outlier * sqrt(total_V2) / abs(left_V)
        for a in range(4):
            gains[a] = crossed[a] / total_V2 * share
        off = (
            min(f.most_b, max(-f.most_b, gains[0] * left_V)),
            min(f.most_ohm, max(-f.most_ohm, gains[1] * left_V)),
            min(f.most_g, max(-f.most_g, gains[2] * left_V)),
            min(f.most_l, max(-f.most_l, gains[3] * left_V)),
        )
        if trial == 0:
            nis = left_V * left_V / (spread_V2 + noise_V2)
            _learn(f, s, left_V, spread_V2)
            s.simulated_V = sensed[0] + left_V * share * spread_V2 / total_V2
    _settle(f, s, off, gains, crossed)
    return nis


@compiled
def _learn(f: Any, s: Any, left_V: float, spread_V2: float) -> None:
    """How far measurement and simulation are usually apart."""
    if s.stepped_s < f.gate_s:
        return
    excess_V2 = min(max(left_V * left_V - spread_V2, 0.0), 4 * f.most_noise_V**2)
    s.noise_V2 += (1 - exp(-s.learnt_s / f.learn_s)) * (excess_V2 - s.noise_V2)
    s.noise_V2 = min(f.most_noise_V**2, max(f.noise_V**2, s.noise_V2))


@compiled
def _settle(f: Any, s: Any, off: Four, gains: Array, crossed: Array) -> None:
    """Take corrections over into the state."""
    for a in range(4):
        for b in range(a + 1):
            value = s.cov[a, b] - (gains[a] * crossed[b] + gains[b] * crossed[a]) / 2
            if a == b:
                value = max(value, 1e-14)
            s.cov[a, b] = value
            s.cov[b, a] = value
    s.x += off[0]
    s.y -= (off[0] + off[3]) * f.ratio
    s.moved_C += off[0] * f.room_n_C * s.scale
    scale = min(2.0, max(0.2, s.scale + off[2]))
    shrunk = s.scale / scale
    s.ahead_n[:] *= shrunk
    s.ahead_p[:] *= shrunk
    s.salt[:] *= shrunk
    s.scale = scale
    s.ohm = min(2000.0, max(-20.0, s.ohm + off[1]))
    s.lost = min(f.most_lost, max(f.least_lost, s.lost + off[3]))
    if abs(off[0]) >= f.most_b or abs(off[2]) >= f.most_g:
        s.clamped += 1


@compiled
def _begin(f: Any, e: Any, s: Any, time_s: float, current_A: float, measured_V: float) -> None:
    """Find the stoichiometry at which a cell without a past shows the first voltage, and how sure that is."""
    low, high, nothing = f.edge, 1 - f.edge, (0.0, 0.0, 0.0, 0.0)
    liquid = _liquid(f, e, s)
    for _ in range(50):
        s.x = (low + high) / 2
        s.y = f.full_p + (f.full_n - s.x) * f.ratio
        if _sensed(f, e, s, current_A, liquid, nothing)[0] > measured_V:
            high = s.x
        else:
            low = s.x
    sensed = _sensed(f, e, s, current_A, liquid, nothing)
    by_b = max(sensed[1], 0.05)
    s.cov[0, 0] = (f.first_V / by_b) ** 2
    for k in range(1, 4):
        bond = -sensed[k + 1] / by_b
        s.cov[0, k] = s.cov[k, 0] = bond * s.cov[k, k]
        s.cov[0, 0] += bond * bond * s.cov[k, k]
    s.begun, s.began_s, s.time_s, s.current_A, s.simulated_V = 1.0, time_s, time_s, current_A, sensed[0]


@compiled
def _pass(f: Any, e: Any, s: Any, current_A: float, seconds: float, step: float, step_time_s: float) -> None:
    """To the next reading. Where a step begins in between, the old current flows until then; while interrupted none."""
    change_A, knows = current_A - s.current_A, isfinite(step) and isfinite(s.step)
    jumps = abs(change_A) > max(f.rest_A, f.step_share * max(abs(current_A), abs(s.current_A)))
    spent_s = step_time_s - s.step_time_s
    is_off = knows and step == s.step and spent_s >= 0 and seconds - spent_s > f.stood_still_s
    if is_off or (knows and step != s.step and isfinite(step_time_s)):
        old_s = min(seconds, max(0.0, seconds - (spent_s if is_off else step_time_s)))
        _move(f, e, s, 0.0 if is_off else s.current_A, 0.0, old_s)
        _move(f, e, s, current_A, 0.0, seconds - old_s)
        s.stepped_s = seconds - old_s if jumps or is_off else s.stepped_s + seconds
    elif jumps and not (knows and step == s.step):
        _move(f, e, s, current_A, 0.0, seconds)
        unsure_C2 = (change_A * seconds) ** 2 / 12
        s.unsure_C2 += unsure_C2
        s.cov[0, 0] += unsure_C2 / (f.room_n_C * s.scale) ** 2
        s.stepped_s = 0.0
    else:
        _move(f, e, s, s.current_A, change_A / seconds, seconds)
        turns = abs(change_A) > f.turn_share * max(abs(current_A), abs(s.current_A))
        s.stepped_s = 0.0 if turns else s.stepped_s + seconds  # no straight line: a voltage was reached in between


@compiled
def _noticed(f: Any, s: Any, left_V: float, sensed: Five, moved_V: float, seconds: float) -> tuple[float, float, bool]:
    """Codes of what is wrong, the step of the residual, and whether the reading may be used."""
    if s.stepped_s < max(f.gate_s, f.gate_readings * seconds):
        s.based, s.doubted = 0.0, 0.0
        return 0.0, 0.0, True
    slopes = np.array((sensed[1], sensed[2], sensed[3], sensed[4]))
    spread_V2 = max(0.0, (slopes * (s.cov * slopes).sum(axis=1)).sum())
    unsure_V = f.steep * abs(sensed[1]) + f.unsettled * sqrt(spread_V2) + f.moved_share * moved_V
    unit_V, weight = f.sum_V + unsure_V + 0.5 * sqrt(s.noise_V2), min(seconds, 60.0) / 60
    s.up = max(0.0, s.up + (left_V / unit_V - f.sum_allowance) * weight)
    s.down = max(0.0, s.down + (-left_V / unit_V - f.sum_allowance) * weight)
    code = 0.0
    if max(s.up, s.down) > f.sum_limit:
        code, s.up, s.down = f.summed, 0.0, 0.0
        for state in (0, 2, 3):
            s.cov[state, state] += f.reopened**2
    if s.based == 0:
        s.base_V, s.based = left_V, 1.0
        return code, 0.0, True
    step_V = left_V - s.base_V
    if abs(step_V) <= f.jump_V + f.jump_sd * sqrt(s.noise_V2) + unsure_V:
        s.doubted = 0.0
        s.base_V += (1 - exp(-seconds / f.base_s)) * step_V
        return code, 0.0, True
    s.doubted += 1
    if s.same_s > 0 or (s.doubted < 2 and seconds < f.confirm_s):
        return code, 0.0, False
    s.doubted, s.based = 0.0, 0.0
    if abs(s.current_A) > f.rest_A:
        s.cov[1, 1] += min(f.most_ohm, abs(step_V / s.current_A)) ** 2
    return code + f.jump, step_V, True


@compiled
def _stays(f: Any, s: Any, current_A: float, measured_V: float, simulated_V: float, seconds: float) -> float:
    """Whether a reading is frozen: the same to the last digit while the simulation moves and the current does not."""
    if measured_V != s.same_V or abs(current_A - s.same_A) > 0.01 * abs(current_A):
        s.same_V, s.same_A, s.same_s, s.same_moved_V = measured_V, current_A, 0.0, 0.0
        return 0.0
    s.same_s += seconds
    s.same_moved_V += simulated_V - s.simulated_V
    return 0.0 if s.same_s < f.frozen_s or abs(s.same_moved_V) < f.frozen_V else 1.0


@compiled
def _use(f: Any, e: Any, s: Any, current_A: float, measured_V: float, seconds: float, seen: Array) -> None:
    """Compare a reading with the simulation, look for what is wrong, and correct the state."""
    liquid = _liquid(f, e, s)
    sensed = _sensed(f, e, s, current_A, liquid, (0.0, 0.0, 0.0, 0.0))
    left_V = measured_V - sensed[0]
    seen[0], seen[1] = sensed[0], left_V
    was = s.frozen_now
    s.frozen_now = _stays(f, s, current_A, measured_V, sensed[0], seconds)
    moved_V = abs(sensed[0] - s.simulated_V)
    s.simulated_V = sensed[0]
    if s.frozen_now != 0:
        seen[4] += f.frozen * (was == 0)
        return
    code, step_V, is_good = _noticed(f, s, left_V, sensed, moved_V, seconds)
    seen[4], seen[5], s.residual_V = seen[4] + code, step_V, left_V
    if not is_good:
        return
    s.count, s.sum_V, s.sum_V2 = s.count + 1, s.sum_V + left_V, s.sum_V2 + left_V * left_V
    seen[2] = _update(f, e, s, current_A, measured_V, liquid, sensed)
    s.nis += (1 - exp(-s.learnt_s / f.nis_s)) * (min(seen[2], 100.0) - s.nis)
    s.used += 1
    s.learnt_s = 0.0


@compiled
def _share(f: Any, s: Any) -> float:
    """State of charge."""
    place = min(max((s.lost - f.least_lost) / f.grid_lost, 0.0), len(f.full) - 1.001)
    left = int(place)
    part = place - left
    full = f.full[left] * (1 - part) + f.full[left + 1] * part
    empty = f.empty[left] * (1 - part) + f.empty[left + 1] * part
    return float((s.x - empty) / (full - empty))


@compiled
def _ends(f: Any, s: Any, time_s: float, current_A: float, cycle: float) -> bool:
    """Whether a cycle is over: by its number, or where nobody counts, when a charge begins after a discharge.

    A reading that is left out, as it comes late or twice or lacks time or current, ends none.
    """
    if s.begun == 0 or not (isfinite(time_s) and isfinite(current_A)) or time_s <= s.time_s:
        return False
    if isfinite(cycle) and isfinite(s.cycle):
        return bool(cycle != s.cycle)
    return bool(s.phase < 0 and current_A > f.rest_A)


@compiled
def _read(f: Any, e: Any, s: Any, reading: Array, seen: Array) -> None:
    time_s, current_A, measured_V, degC, cycle, step, step_time_s = reading
    sees = isfinite(measured_V) and f.least_V < measured_V < f.highest_V
    seen[:] = np.nan
    seen[4], seen[5] = 0.0, 0.0
    s.readings += 1
    seconds = time_s - s.time_s if s.begun != 0 else 0.0
    if not (isfinite(time_s) and isfinite(current_A)) or (s.begun != 0 and seconds <= 0):
        s.skipped += 1
        return
    if isfinite(degC):
        kelvin = min(343.0, max(253.0, degC + f.freezing_K))
        s.kelvin += (kelvin - s.kelvin) * ((1 - exp(-seconds / f.base_s)) if s.begun != 0 else 1.0)
    if s.begun == 0:
        if not sees:
            s.skipped += 1
            return
        _begin(f, e, s, time_s, current_A, measured_V)
        seen[0], seen[1] = s.simulated_V, measured_V - s.simulated_V
    else:
        if seconds > f.gap_s:
            s.gaps += 1
            seen[4] += f.gap
        _pass(f, e, s, current_A, seconds, step, step_time_s)
        s.cycle_s, s.learnt_s = s.cycle_s + seconds, s.learnt_s + seconds
        s.time_s, s.current_A = time_s, current_A
        if sees:
            _use(f, e, s, current_A, measured_V, seconds, seen)
    s.current_A, s.step, s.step_time_s, s.cycle = current_A, step, step_time_s, cycle
    s.most_A, s.least_A = max(s.most_A, current_A), min(s.least_A, current_A)
    if abs(current_A) > f.rest_A:
        s.phase = 1.0 if current_A > 0 else -1.0
    seen[3] = _share(f, s)


@compiled
def follow(fixed: Any, liquid: Any, rows: Any, readings: Array, seen: Array) -> int:
    """One channel through readings of shape (t, 7); fills ``seen`` of shape (t, 6). Gives how many were taken.

    If there are more, the next one begins a new cycle: sum the old one up, clear its sums and go on.
    """
    f, e, s = fixed[0], liquid[0], rows[0]
    for place in range(len(readings)):
        if _ends(f, s, readings[place, 0], readings[place, 1], readings[place, 4]):
            return place
        _read(f, e, s, readings[place], seen[place])
    return len(readings)


@compiled
def tick(fixed: Any, liquid: Any, rows: Any, readings: Array, seen: Array, is_over: Any) -> None:
    """Many channels, one reading each: n rows. A channel without a time is left out, one whose cycle is over marked."""
    f = fixed[0]
    for place in range(len(readings)):
        s = rows[place]
        is_over[place] = _ends(f, s, readings[place, 0], readings[place, 1], readings[place, 4])
        if isfinite(readings[place, 0]) and not is_over[place]:
            _read(f, liquid[place], s, readings[place], seen[place])
