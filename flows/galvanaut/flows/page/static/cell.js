// A cell: its twin against the measurement, state and health, fade and what is forecast, dQ/dV, spectra.
import { campaignRef, cards, digits, fixed, h, section, simulated, Table, trialRef } from "./dom.js";
import { band, Chart, nyquist } from "./charts.js";
import { View } from "./view.js";

const Z95 = 1.96;

export class CellView extends View {
  constructor(rest, page) {
    super(rest, page);
    this.test = rest.join("/");
    this.path = rest.map(encodeURIComponent).join("/");
    this.element = h("div", {}, h("h1", {}, this.test), h("p", {}, "Reading the record."));
  }

  start() { this.again(); }

  again() {
    this.load(`/api/cell/${this.path}`, (found) => this.show(found), 5000);
    if (!this.found || this.found.can_have_twin) this.load(`/api/twin/${this.path}`, (found) => this.showTwin(found), 20000);
  }

  benchChanged(_bench, news) {
    if ((news.channels ?? []).some((row) => row.test === this.test)) this.again();
  }

  twinsChanged(changed) {
    if (this.test.replaceAll("/", "-") in changed) this.again();
  }

  build(found) {
    const is = found.simulated;
    document.title = `${found.cell} - Galvanaut`;
    const made = (name, title, say) => {
      this[name] = this.chart(new Chart(title, say));
      this[`${name}Box`] = section(title, is, this[name].element);
      return this[`${name}Box`];
    };
    this.counts = h("div");
    this.told = h("p", { class: "why" });
    this.findings = new Table("What the twin has found", [
      ["cycle", (row) => row.cycle, "n"], ["found", (row) => row.text, "long"], ["cause", (row) => row.cause ?? ""],
    ], (row) => `${row.cycle} ${row.text}`);
    this.findingBox = section("What the twin found", is, this.findings.element);
    const top = [
      found.can_have_twin
        ? made("volts", "Measured and simulated voltage", "The last complete cycle and what came after. The twin sees telemetry only; its line is what it expected before each reading.")
        : made("volts", "Voltage", "The last complete cycle and what came after."),
      made("residuals", "Measured less simulated voltage", "Residuals of the same readings."),
      made("fade", "Capacity and what is forecast", "Discharged capacity over its reference. The fan: 5, 25, 50, 75 and 95 % of forecasts by cells of this lab that have come to their end."),
      made("health", "State of health", "Capacity at rest over that of the nominal design, by the twin. Band: 95 %."),
      made("resistance", "Resistance", "Effective resistance, by the twin: contacts, films, and what is wrong with the nominal electrolyte. Band: 95 %."),
      made("charge", "State of charge", "By the twin, over the same readings as the voltage."),
      made("gap", "Residuals by cycle", "Mean and root mean square of measured less simulated voltage over each cycle."),
      made("spectra", "Impedance", "Nyquist plot of the first, a middle and the last spectrum of the record; lines: the circuit R-(RQ)-(RQ)-W where one was fitted."),
      made("slopes", "Incremental capacity dQ/dV", "Of the first, a middle and the last cycle of the usual kind; discharge is shown downwards."),
    ];
    this.sweeps = new Table("What the spectra say", [
      ["spectrum", (row) => row.number, "n"], ["cycle", (row) => row.cycle ?? "", "n"], ["time / h", (row) => fixed(row.time_s / 3600, 2), "n"],
      ["R at high frequency / Ω", (row) => (row.resistance ? `${digits(row.resistance.resistance_ohm, 4)}${row.resistance.is_crossing ? "" : " or near"}` : ""), "n"],
      ["R1 / Ω", (row) => part(row, "R1_ohm"), "n"], ["R2 / Ω", (row) => part(row, "R2_ohm"), "n"],
      ["Kramers-Kronig", (row) => kramersKronig(row.kramers_kronig), "w"], ["remark", (row) => row.why_not, "long"],
    ], (row) => String(row.number));
    this.spectraBox.append(this.sweeps.element);
    this.element.replaceChildren(h("h1", {}, found.cell || found.test, simulated(is)),
      h("p", { class: "crumbs" },
        found.imported_from ? h("a", { href: "#/bench" }, "bench") : h("a", { href: campaignRef(found.campaign) }, `campaign ${found.campaign}`),
        found.imported_from ? null : h("a", { href: trialRef(found.campaign, found.trial) }, `trial ${found.trial}`),
        h("span", {}, found.imported_from ? `record ${found.test}, imported from ${found.imported_from}` : `test ${found.test}`)),
      this.counts, this.told, this.findingBox, h("div", { class: "grid" }, top));
    this.told.textContent = found.can_have_twin ? "Working out the twin; for a long test that takes some seconds." : found.imported_from ? "Another program measured this; imported records have no twin." : "Twins follow cells that were formed; this test has none.";
  }

  show(found) {
    this.worked();
    if (!this.fade) this.build(found);
    this.found = found;
    this.sweeps.set(found.spectra.shown);
    this.page.label(found.simulated ? "Readings of this cell come from a simulated instrument and cell; nothing was measured on hardware." : "");
    this.frame();
  }

  showTwin(found) {
    this.twin = found.why_not ? null : found;
    if (!this.fade) { this.heldWhy = found.why_not; return; }
    this.told.textContent = found.why_not ? (this.found.can_have_twin ? found.why_not : this.told.textContent) : state(found);
    this.frame();
  }

  frame() {
    const { found, twin } = this;
    const known = twin ?? found.kept_twin;
    const now = known?.state;
    if (twin) this.told.textContent = state(twin);
    else if (this.heldWhy && found.can_have_twin) this.told.textContent = this.heldWhy;
    const sd = (value, spread, factor, count) => `${(factor * value).toFixed(count)} ± ${(factor * spread).toFixed(count)}`;
    this.counts.replaceChildren(cards([
      ["test", found.running ? "runs" : "over", found.reason || found.outcome || (found.last ? `last reading ${found.last}` : "")],
      found.holder && ["holder", found.holder],
      ["readings", found.readings],
      now && ["state of charge / %", sd(now.soc, now.soc_sd, 100, 1)],
      now && ["state of health / %", sd(now.soh, now.soh_sd, 100, 1)],
      now && ["resistance / Ω", sd(now.resistance_ohm, now.resistance_sd_ohm, 1, 1)],
      twin?.life && twin.life.calibrated && ["life / cycles", lifeText(twin.life)],
    ]));
    this.findings.set(known?.findings ?? []);
    this.findingBox.hidden = !known?.findings?.length;
    this.draw(found.curves, known, twin);
  }

  draw(curves, known, twin) {
    const put = (name, figure) => {
      this[`${name}Box`].hidden = !figure;
      if (figure) this[name].show(figure);
    };
    const cycles = known?.cycles?.length ? known.cycles : null;
    const trace = twin?.trace?.time_s?.length ? twin.trace : null;
    put("volts", trace ? (palette) => voltage(trace, palette) : curves.trace && ((palette) => measured(curves.trace, palette)));
    put("residuals", trace && ((palette) => residuals(trace, palette)));
    put("fade", curves.retention && ((palette) => fade(curves, twin, palette)));
    put("health", cycles && ((palette) => banded(cycles, "soh", "soh_sd", 100, "state of health / %", palette)));
    put("resistance", cycles && ((palette) => banded(cycles, "resistance_ohm", "resistance_sd_ohm", 1, "resistance / Ω", palette)));
    put("charge", trace && ((palette) => ({ data: [line(hours(trace.time_s), trace.soc.map((value) => value === null ? null : 100 * value), "state of charge", palette.accent)], layout: axes("time in the test / h", "state of charge / %") })));
    put("gap", cycles && ((palette) => gaps(cycles, palette)));
    const named = this.found.spectra.shown.map((each) => ({ ...each, name: each.cycle === null ? `spectrum ${each.number}` : `cycle ${each.cycle}` }));
    put("spectra", named.length && ((palette) => nyquist(named, palette)));
    put("slopes", curves.incremental?.length && ((palette) => slopes(curves.incremental, palette)));
  }
}

const hours = (seconds) => seconds.map((value) => value / 3600);
const axes = (x, y) => ({ xaxis: { title: { text: x } }, yaxis: { title: { text: y } } });
const line = (x, y, name, color, more = {}) => ({ type: "scatter", mode: "lines", x, y, name, line: { color, width: 2, ...more } });

function part(row, name) {
  const found = row.circuit?.parameters[name];
  return found ? `${digits(found.value, 4)}${found.sd === null ? "" : ` ± ${digits(found.sd, 2)}`}` : "";
}

function kramersKronig(test) {
  return test ? { text: `${test.valid ? "holds" : "fails"}, ${digits(100 * test.rms, 2)} % rms`, state: test.valid ? "ok" : "bad" } : "";
}

function state(twin) {
  const trust = twin.state.healthy ? "Residuals agree with the model." : `Do not trust the twin: ${twin.state.reason}.`;
  const why = twin.life && !twin.life.calibrated ? " No claim about life before four cells of this lab have come to their end under this plan." : "";
  const gap = twin.gap.mean_mV === null ? "" : ` Measured less simulated: ${fixed(twin.gap.mean_mV, 2)} mV on average, ${fixed(twin.gap.rms_mV, 2)} mV rms.`;
  return `${trust}${gap}${why}`;
}

function lifeText(life) {
  const { "0.05": low, "0.5": middle, "0.95": high } = life.quantiles;
  return life.over ? `${middle.toFixed(0)}, over` : `${middle.toFixed(0)} (90 %: ${low.toFixed(0)} to ${high.toFixed(0)})`;
}

function voltage(trace, palette) {
  const x = hours(trace.time_s);
  return { data: [line(x, trace.measured_V, "measured", palette.ink), line(x, trace.simulated_V, "twin", palette.accent, { dash: "dot" })], layout: axes("time in the test / h", "voltage / V") };
}

function measured(trace, palette) {
  return { data: [line(hours(trace.time_s), trace.voltage_V, "measured", palette.ink)], layout: axes("time in the test / h", "voltage / V") };
}

function residuals(trace, palette) {
  const y = trace.measured_V.map((value, at) => (value === null || trace.simulated_V[at] === null ? null : 1000 * (value - trace.simulated_V[at])));
  return { data: [line(hours(trace.time_s), y, "residual", palette.warn, { width: 1.3 })], layout: axes("time in the test / h", "measured - twin / mV") };
}

function fade(curves, twin, palette) {
  const { cycle, share } = curves.retention;
  const y = share.map((each) => 100 * each.value);
  const data = [{ type: "scatter", mode: "markers", x: cycle, y, name: "measured", marker: { color: palette.ink, size: 5 }, error_y: { type: "data", array: share.map((each) => (each.sd === null ? null : 100 * each.sd)), thickness: 1, width: 0, color: palette.muted } }];
  const fan = twin?.life?.calibrated ? twin.life.fan : null;
  if (fan) {
    const last = cycle[cycle.length - 1];
    const x = fan[0].map((_, at) => last + at + 1);
    const rows = fan.map((row) => row.map((value) => (value === null ? null : 100 * value)));
    data.push(...band(x, rows[0], rows[4], tint(palette.accent, 0.18), "90 % of forecasts"), ...band(x, rows[1], rows[3], tint(palette.accent, 0.32), "50 % of forecasts"), line(x, rows[2], "median forecast", palette.accent));
  }
  return { data, layout: axes("cycle", "retained capacity / %") };
}

function tint(colour, opacity) {
  const number = parseInt(colour.slice(1), 16);
  return `rgba(${number >> 16},${(number >> 8) & 255},${number & 255},${opacity})`;
}

function banded(cycles, name, spread, factor, label, palette) {
  const x = cycles.map((each) => each.number);
  const at = (sign) => cycles.map((each) => factor * (each[name] + sign * Z95 * each[spread]));
  return { data: [...band(x, at(-1), at(1), tint(palette.accent, 0.25), "95 %"), line(x, at(0), label.split(" / ")[0], palette.accent)], layout: axes("cycle", label) };
}

function gaps(cycles, palette) {
  const x = cycles.map((each) => each.number);
  return { data: [line(x, cycles.map((each) => each.residual_mean_mV), "mean", palette.accent), line(x, cycles.map((each) => each.residual_rms_mV), "root mean square", palette.muted)], layout: axes("cycle", "measured - twin / mV") };
}

function slopes(curves, palette) {
  const cycles = [...new Set(curves.map((each) => each.cycle))];
  const shade = [palette.muted, palette.warn, palette.accent];
  const data = curves.map((each) => ({
    ...line(each.voltage_V, each.slope_Ah_V.map((value) => 1000 * value * (each.direction === "charge" ? 1 : -1)), `cycle ${each.cycle}, ${each.direction}`, shade[cycles.indexOf(each.cycle) % 3], { width: 1.6, dash: each.direction === "charge" ? "solid" : "dash" }),
  }));
  return { data, layout: axes("voltage / V", "dQ/dV / mAh/V") };
}
