"""The equations of one cell, number by number, as numba compiles them; see `compiled`.

They are those of `voltage`, `losses`, `slopes`, `sizes`, `ageing` and `instant`, which explain them, and come to the
same results but for rounding. Without numba nobody calls them but tests: Python is slower at this than arrays are.

Throughout, ``fixed`` is the cell and ``now`` the beginning of a stretch of time, each a record of one row that `fast`
makes. Salt has shape (t, m), everything else that is an array (t,).
"""

from __future__ import annotations

from math import asinh, exp, log, sqrt, tanh
from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme.compiled import compiled
from galvanaut.simulators.cells.spme.parameters import Array, Flags

Five = tuple[float, float, float, float, float]
Left = tuple[Array, Array, Array]
Row = tuple[Array, Array, Array, Array, Array, Array]
Path = tuple[float, tuple[float, float], Array, Array, Array, Array]


@compiled
def _inside(fixed: Any, surface: float) -> float:
    return float(min(1 - fixed.edge, max(fixed.edge, surface)))


@compiled
def _potential_V(fixed: Any, curve: Array, surface: float) -> float:
    """Of an electrode: level, slope, size and rate of what fades, then height, steepness and place of each step."""
    inside = _inside(fixed, surface)
    volts = curve[0] + curve[1] * inside
    for step in range(4, len(curve), 3):
        volts += curve[step] * tanh(curve[step + 1] * (inside - curve[step + 2]))
    if curve[2] != 0:
        volts += curve[2] * exp(-curve[3] * inside)
    return float(volts - fixed.beyond_V * (surface - inside))


@compiled
def _rise_V(fixed: Any, curve: Array, surface: float) -> float:
    """Slope of `_potential_V`."""
    if not fixed.edge < surface < 1 - fixed.edge:
        return float(-fixed.beyond_V)
    volts = curve[1]
    for step in range(4, len(curve), 3):
        bend = tanh(curve[step + 1] * (surface - curve[step + 2]))
        volts += curve[step] * curve[step + 1] * (1 - bend**2)
    if curve[2] != 0:
        volts -= curve[2] * curve[3] * exp(-curve[3] * surface)
    return float(volts)


@compiled
def _exchange_A(fixed: Any, exchange_A: float, surface: float, salt_M: float) -> float:
    share = _inside(fixed, surface)
    return exchange_A * sqrt(salt_M * share * (1 - share))


@compiled
def _resistivity_ohm_m(fixed: Any, salt_M: Array, result: Array) -> None:
    """Of the free electrolyte in every volume."""
    low, high = sqrt(fixed.least_salt_M), sqrt(fixed.most_salt_M)
    scale, molar = 2 / (high - low), fixed.molar
    for place in range(len(salt_M)):
        root = (sqrt(salt_M[place]) - low) * scale - 1
        value = molar[-1]
        for power in range(len(molar) - 2, -1, -1):
            value = value * root + molar[power]
        result[place] = 1 / (salt_M[place] * value)


@compiled
def _liquid(fixed: Any, salt_M: Array, ohm_m: Array) -> Five:
    """Both means, the logarithm of the ratio and both resistances times area; cuts the salt off where it is."""
    for place in range(len(salt_M)):
        salt_M[place] = min(fixed.most_salt_M, max(fixed.least_salt_M, salt_M[place]))
    _resistivity_ohm_m(fixed, salt_M, ohm_m)
    mean_n, mean_p, log_ratio, ohm_n_m2, ohm_m2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for place in range(len(salt_M)):
        mean_n += fixed.mean_n[place] * salt_M[place]
        mean_p += fixed.mean_p[place] * salt_M[place]
        ohm_n_m2 += fixed.ohm_n[place] * ohm_m[place]
        ohm_m2 += fixed.ohm[place] * ohm_m[place]
        weight = fixed.mean_p[place] - fixed.mean_n[place]
        if weight != 0:
            log_ratio += weight * log(salt_M[place])
    return mean_n, mean_p, log_ratio, ohm_n_m2, ohm_m2


@compiled
def _sizes(fixed: Any, active_n: float, active_p: float, wet: float, film_m: float) -> Five:
    """`Sizes` in the order of its attributes."""
    area_m2 = fixed.area_m2 * wet
    surface_n_m2 = fixed.surface_n * area_m2 * active_n
    grown_m = film_m - fixed.first_film_m
    series_ohm = fixed.lead_ohm + fixed.solid_ohm_m2 / area_m2 + fixed.film_ohm_m * grown_m / surface_n_m2
    free = max(fixed.porosity - fixed.surface_1_m * grown_m, fixed.least_porosity)
    return area_m2, surface_n_m2, fixed.surface_p * area_m2 * active_p, series_ohm, (fixed.porosity / free) ** 1.5


@compiled
def _voltage_V(
    fixed: Any,
    current_A: float,
    surfaces: tuple[float, float],
    liquid: Five,
    sizes: Five,
) -> float:
    """At the terminals."""
    (x, y), (salt_n_M, salt_p_M, log_ratio, ohm_n_m2, ohm_m2) = surfaces, liquid
    area_m2, surface_n_m2, surface_p_m2, series_ohm, clogging = sizes
    inner_A = current_A - fixed.leak_A
    reactions = asinh(inner_A / (2 * _exchange_A(fixed, fixed.exchange_n * surface_n_m2, x, salt_n_M)))
    reactions += asinh(inner_A / (2 * _exchange_A(fixed, fixed.exchange_p * surface_p_m2, y, salt_p_M)))
    rest_V = _potential_V(fixed, fixed.curve_p, y) - _potential_V(fixed, fixed.curve_n, x)
    ohm = (ohm_n_m2 * clogging + ohm_m2) / area_m2
    rest_V += fixed.diffusion_V * log_ratio
    return float(rest_V + fixed.thermal_V * reactions + inner_A * ohm + current_A * series_ohm)


@compiled
def along(
    fixed: Any, now: Any, times_s: Array, current_A: Array, charge_C: Array, ahead_n: Array, ahead_p: Array, salt: Array
) -> tuple[Array, Array, Flags]:
    """From ``inner_A`` to ``liquid_ohm_m2`` of `Paths`, in rows without ``charge_C``; its salt; where that is out."""
    fixed, now = fixed[0], now[0]
    rows, is_depleted = np.empty((8, len(times_s))), np.zeros(len(times_s), np.bool_)
    volumes, modes = fixed.shapes_M.shape
    salt_M, ohm_m = np.empty((len(times_s), volumes)), np.empty(volumes)
    for t in range(len(times_s)):
        inner_C = charge_C[t] - fixed.leak_A * times_s[t]
        rows[0, t] = current_A[t] - fixed.leak_A
        rows[1, t] = now.negative + inner_C / now.room_n_C + ahead_n[t]
        rows[2, t] = now.positive - inner_C / now.room_p_C + ahead_p[t]
        for place in range(volumes):
            value = fixed.salt_M
            for mode in range(modes):
                value += fixed.shapes_M[place, mode] * salt[t, mode]
            salt_M[t, place] = value
            if value < fixed.least_salt_M:
                is_depleted[t] = True
        rows[3, t], rows[4, t], rows[5, t], rows[6, t], rows[7, t] = _liquid(fixed, salt_M[t], ohm_m)
    return rows, salt_M, is_depleted


@compiled
def _so_far(times_s: Array, integral_s: Array, values: Array) -> Array:
    """Integral until every instant: by a matrix, or by trapezia if that is empty."""
    sums = np.zeros(len(values))
    if len(integral_s):
        for t in range(len(values)):
            for other in range(len(values)):
                sums[t] += integral_s[t, other] * values[other]
        return sums
    for t in range(1, len(values)):
        sums[t] = sums[t - 1] + (times_s[t] - times_s[t - 1]) * (values[t] + values[t - 1]) / 2
    return sums


@compiled
def _film_m(fixed: Any, start_m: float, seconds: float, kinetic: float) -> float:
    """As `ageing.film_m`."""
    added = kinetic * seconds * (fixed.film_m3_C * fixed.feed_A_m)
    if added <= 0:
        return start_m
    linear = kinetic * start_m + fixed.feed_A_m
    return float(start_m + 2 * added / (linear + sqrt(linear**2 + 2 * kinetic * added)))


@compiled
def _plating_A(fixed: Any, potential_V: float, charging_A: float, liquid_ohm: float, salt_n_M: float) -> float:
    """As `ageing.plating_A_m2`, per particle surface."""
    if charging_A <= 0:
        return 0.0
    at_separator_V = max(potential_V - fixed.separator_share * charging_A * liquid_ohm, fixed.lowest_V)
    return float(fixed.plating_A_mol * (1000 * salt_n_M) * exp(at_separator_V / -fixed.thermal_V))


@compiled
def _taken_C(
    fixed: Any, now: Any, times_s: Array, integral_s: Array, rows: Array, table: Array, film_m_C: float
) -> None:
    """Lithium lost to the SEI, to plating and to formation: fills rows 0 to 2 of the table."""
    area_m2, surface_m2, _, _, clogging = _sizes(fixed, now.active_n, now.active_p, now.wet, now.film_m)
    count = len(times_s)
    kinetic, plating_A, charging_A = np.empty(count), np.empty(count), np.empty(count)
    for t in range(count):
        inner_A, x = rows[0, t], rows[1, t]
        exchange_A = _exchange_A(fixed, fixed.exchange_n * surface_m2, x, rows[3, t])
        potential_V = _potential_V(fixed, fixed.curve_n, x) - fixed.thermal_V * asinh(inner_A / (2 * exchange_A))
        kinetic[t] = fixed.sei_A_m2 * exp((fixed.sei_V - max(potential_V, fixed.lowest_V)) / fixed.thermal_V)
        charging_A[t] = max(inner_A, 0.0)
        liquid_ohm = (rows[6, t] * clogging + rows[7, t]) / area_m2
        per_m2 = _plating_A(fixed, potential_V, charging_A[t], liquid_ohm, rows[3, t])
        plating_A[t] = min(surface_m2 * per_m2, fixed.most_plating * charging_A[t])
    passed = _so_far(times_s, integral_s, kinetic)
    table[1] = _so_far(times_s, integral_s, plating_A)
    charged_C = _so_far(times_s, integral_s, charging_A)
    for t in range(count):
        mean = passed[t] / times_s[t] if times_s[t] > 0 else kinetic[t]
        table[0, t] = (_film_m(fixed, now.film_m, times_s[t], mean) - now.film_m) / film_m_C
        table[2, t] = min(fixed.formation_share * charged_C[t], now.formation_C)


@compiled
def losses(
    fixed: Any, now: Any, times_s: Array, integral_s: Array, current_A: Array, charge_C: Array, rows: Array
) -> Array:
    """In rows: ``_table`` of `Losses` (0 to 5), `Sizes` (6 to 10), ``lost_C``, ``_turnover_C`` and ``voltage_V``.

    Args:
        fixed: the cell.
        now: the beginning.
        times_s: instants.
        integral_s: shape (t, t), or (0, 0) for trapezia.
        current_A: at the terminals.
        charge_C: that went in there.
        rows: of `along`.
    """
    fixed, now = fixed[0], now[0]
    table = np.zeros((14, len(times_s)))
    film_m_C = fixed.film_m3_C / _sizes(fixed, now.active_n, now.active_p, now.wet, now.film_m)[1]
    _taken_C(fixed, now, times_s, integral_s, rows, table, film_m_C)
    for t in range(len(times_s)):
        sei_C, plated_C, formed_C = table[0, t], table[1, t], table[2, t]
        first_C = max(fixed.film_C - now.formation_C + formed_C, 0.0)
        grown_C = now.sei_C + sei_C + formed_C - first_C
        lost = max((grown_C + now.plated_C + plated_C) / fixed.nominal_C, 0.0)
        if t > 0:
            table[12, t] = table[12, t - 1] + abs(charge_C[t] - charge_C[t - 1])
        wear = table[12, t] * (fixed.loss_per_turnover / fixed.nominal_C) * (1 + fixed.loss_growth * lost)
        wet = max(fixed.liquid_share - grown_C * fixed.drying_1_C, fixed.least_left)
        table[3, t] = max(now.active_n - wear, fixed.least_left)
        table[4, t] = max(now.active_p - wear / 2, fixed.least_left)
        table[5, t] = min(now.wet, wet)
        sizes = _sizes(fixed, table[3, t], table[4, t], table[5, t], now.film_m + film_m_C * sei_C)
        table[6, t], table[7, t], table[8, t], table[9, t], table[10, t] = sizes
        table[11, t] = sei_C + plated_C + formed_C
        surfaces = (rows[1, t] - table[11, t] / now.room_n_C, rows[2, t])
        liquid = (rows[3, t], rows[4, t], rows[5, t], rows[6, t], rows[7, t])
        table[13, t] = _voltage_V(fixed, current_A[t], surfaces, liquid, sizes)
    return table


@compiled
def _relative(fixed: Any, surface: float) -> float:
    if not fixed.edge < surface < 1 - fixed.edge:
        return 0.0
    return (2 * surface - 1) / (surface * (1 - surface))


@compiled
def slopes(fixed: Any, now: Any, rows: Array, salt_M: Array, table: Array) -> tuple[Array, Array]:
    """`Slopes`, in rows: by negative, by positive, by current; and by salt.

    Args:
        fixed: the cell.
        now: the beginning.
        rows: of `along`.
        salt_M: of `along`.
        table: of `losses`.
    """
    fixed, now = fixed[0], now[0]
    found, by_salt = np.empty((3, len(salt_M))), np.zeros(salt_M.shape)
    ohm_m, nudged_ohm_m = np.empty(salt_M.shape[1]), np.empty(salt_M.shape[1])
    for t in range(len(salt_M)):
        inner_A, x, y = rows[0, t], rows[1, t] - table[11, t] / now.room_n_C, rows[2, t]
        exchange_n_A = _exchange_A(fixed, fixed.exchange_n * table[7, t], x, rows[3, t])
        exchange_p_A = _exchange_A(fixed, fixed.exchange_p * table[8, t], y, rows[4, t])
        ohm_n = fixed.thermal_V / sqrt(4 * exchange_n_A**2 + inner_A**2)
        ohm_p = fixed.thermal_V / sqrt(4 * exchange_p_A**2 + inner_A**2)
        less_n_V, less_p_V = ohm_n * inner_A / 2, ohm_p * inner_A / 2
        found[0, t] = less_n_V * _relative(fixed, x) - _rise_V(fixed, fixed.curve_n, x)
        found[1, t] = less_p_V * _relative(fixed, y) + _rise_V(fixed, fixed.curve_p, y)
        area_m2, series_ohm, clogging = table[6, t], table[9, t], table[10, t]
        found[2, t] = (rows[6, t] * clogging + rows[7, t]) / area_m2 + series_ohm + ohm_n + ohm_p
        _resistivity_ohm_m(fixed, salt_M[t], ohm_m)
        _resistivity_ohm_m(fixed, salt_M[t] * (1 + fixed.nudge), nudged_ohm_m)
        for place in range(salt_M.shape[1]):
            here_M, mean_n, mean_p = salt_M[t, place], fixed.mean_n[place], fixed.mean_p[place]
            if fixed.least_salt_M < here_M < fixed.most_salt_M:
                rise = (nudged_ohm_m[place] - ohm_m[place]) / (fixed.nudge * here_M)
                drop = inner_A / area_m2 * rise * (fixed.ohm_n[place] * clogging + fixed.ohm[place])
                reactions = less_n_V / rows[3, t] * mean_n + less_p_V / rows[4, t] * mean_p
                by_salt[t, place] = fixed.diffusion_V * (mean_p - mean_n) / here_M - reactions + drop
    return found, by_salt


@compiled
def voltages_V(
    fixed: Any, now: Any, grid_s: Array, table: Array, times_s: Array, current_A: Array, rows: Array
) -> Array:
    """As `Losses.voltages_V`, where quantities go along straight lines between the instants of a grid.

    Args:
        fixed: the cell.
        now: the beginning.
        grid_s: instants of the grid.
        table: of `losses`, on the grid.
        times_s: other instants.
        current_A: at the terminals, there.
        rows: of `along`, there.
    """
    fixed, now = fixed[0], now[0]
    volts, last = np.empty(len(times_s)), len(grid_s) - 1
    film_m_C = fixed.film_m3_C / _sizes(fixed, now.active_n, now.active_p, now.wet, now.film_m)[1]
    for t in range(len(times_s)):
        place = min(int(np.searchsorted(grid_s, times_s[t], side="right")), last)
        before, after = table[:6, place - 1], table[:6, place]
        begin_s, end_s = grid_s[place - 1], grid_s[place]
        share = (min(times_s[t], end_s) - begin_s) / (end_s - begin_s) if end_s > begin_s else 0.0
        here = before + share * (after - before)
        lost = (here[0] + here[1] + here[2]) / now.room_n_C
        liquid = (rows[3, t], rows[4, t], rows[5, t], rows[6, t], rows[7, t])
        sizes = _sizes(fixed, here[3], here[4], here[5], now.film_m + film_m_C * here[0])
        volts[t] = _voltage_V(fixed, current_A[t], (rows[1, t] - lost, rows[2, t]), liquid, sizes)
    return volts


@compiled
def look_V(fixed: Any, path: Path, seconds: float) -> float:
    """The voltage under a constant current.

    Args:
        fixed: the cell.
        path: the current; speeds of both mean stoichiometries in 1/s; places as `One.to_places` orders them, in the
            end; what is added per mode, shape (modes, places); rates of modes, negative; and one row for each instant
            of a grid: when, stoichiometry lost, `Sizes`.
        seconds: when.
    """
    current_A, speeds_1_s, settled, moving, rates, left = path
    times_s, last = left[:, 0], len(left) - 1
    place = min(int(np.searchsorted(times_s, seconds, side="right")), last)
    before, after = left[place - 1], left[place]
    share = min(1.0, (seconds - before[0]) / (after[0] - before[0]))
    now = before + share * (after - before)
    places = settled.copy()
    for mode in range(len(rates)):
        fading = exp(rates[mode] * seconds)
        for place in range(len(places)):
            places[place] += moving[mode, place] * fading
    surfaces = (places[0] + speeds_1_s[0] * seconds - now[1], places[1] + speeds_1_s[1] * seconds)
    salt_M = places[2:]
    liquid = _liquid(fixed[0], salt_M, np.empty(len(salt_M)))
    return _voltage_V(fixed[0], current_A, surfaces, liquid, (now[2], now[3], now[4], now[5], now[6]))


@compiled
def rises_ohm(fixed: Any, now: Any, rows: Array, salt_M: Array, table: Array, row: Row) -> Array:
    """As `VoltageRow._slopes`, without the leads; see `followed`."""
    _, integral_s, ahead_n, ahead_p, responses, gains = row
    found, by_salt = slopes(fixed, now, rows, salt_M, table)
    room_n_C, room_p_C, shapes_M = now[0].room_n_C, now[0].room_p_C, fixed[0].shapes_M
    rises = np.empty(integral_s.shape)
    for t in range(len(rises)):
        for other in range(len(rises)):
            rises[t, other] = found[0, t] * (integral_s[t, other] / room_n_C + ahead_n[t, other])
            rises[t, other] += found[1, t] * (ahead_p[t, other] - integral_s[t, other] / room_p_C)
        for mode in range(len(gains)):
            by_mode = 0.0
            for place in range(shapes_M.shape[0]):
                by_mode += by_salt[t, place] * shapes_M[place, mode]
            for other in range(len(rises)):
                rises[t, other] += by_mode * gains[mode] * responses[mode, t, other]
        rises[t, t] += found[2, t]
    return rises


@compiled
def followed(
    fixed: Any,
    now: Any,
    currents_A: Array,
    left: Left,
    row: Row,
) -> tuple[Array, Array, Flags, Array]:
    """As `VoltageRow._followed`: what `along` returns, and the table of `losses`.

    Args:
        fixed: the cell.
        now: the beginning.
        currents_A: at the nodes.
        left: of the beginning: how far both surfaces still are ahead, and the modes of the salt, at every node.
        row: instants, `Panels.integral_s`, how both surfaces and the modes of the salt answer to currents, and gains.
    """
    times_s, integral_s, ahead_n, ahead_p, responses, gains = row
    inner_A, charge_C = currents_A - fixed[0].leak_A, integral_s @ currents_A
    salt = left[2].copy()
    for mode in range(len(gains)):
        salt[:, mode] += gains[mode] * (responses[mode] @ inner_A)
    ahead = (left[0] + ahead_n @ inner_A, left[1] + ahead_p @ inner_A)
    rows, salt_M, is_depleted = along(fixed, now, times_s, currents_A, charge_C, ahead[0], ahead[1], salt)
    return rows, salt_M, is_depleted, losses(fixed, now, times_s, integral_s, currents_A, charge_C, rows)
