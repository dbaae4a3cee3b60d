// The bench: channels, alarms, what people have to do, who works it.
import { cards, cellRef, fixed, h, link, section, simulated, span, Table, trialRef } from "./dom.js";
import { Chart } from "./charts.js";
import { View } from "./view.js";

const STATES = ["charging", "discharging", "at rest", "other"];

export class BenchView extends View {
  constructor(rest, page) {
    super(rest, page);
    this.element = h("div", {}, h("h1", {}, "Bench"), h("p", {}, "Waiting for the lab."));
  }

  start() {
    this.load("/api/lab", (found) => { this.found = found.imported; this.listImported(); });
    if (this.page.bench.known) this.benchNew(this.page.bench.known);
  }

  build(bench) {
    const is = bench.simulated;
    document.title = "Bench - Galvanaut";
    this.title = h("h1", {}, "Bench", simulated(is));
    this.station = h("p", { class: "lead" });
    this.counts = h("div");
    this.alarms = new Table("Alarms whose cause is not gone", [
      ["since", (row) => row.since, "w"],
      ["about", (row) => row.instrument, "w"],
      ["what happened", (row) => row.text, "long"],
      ["cause", (row) => row.cause],
    ], (row) => `${row.instrument} ${row.cause}`);
    this.orders = h("div");
    this.volts = this.chart(new Chart("Voltage of each channel", "Last sample of every channel under test.", { kind: "low" }));
    this.jobs = new Table("Jobs under way, besides tests of cells", [
      ["job", (row) => row.key],
      ["kind", (row) => row.kind],
      ["since", (row) => row.since, "w"],
      ["open", (row) => row.open, "n"],
      ["trial", (row) => (row.trial ? link(String(row.trial), trialRef(row.campaign, row.trial)) : "")],
    ], (row) => row.key);
    this.channels = this.table();
    const find = h("input", { type: "search", "aria-label": "Show only channels with this text" });
    find.addEventListener("input", () => this.filter(find.value.trim().toLowerCase()));
    this.alarmBox = section("Alarms", is, this.alarms.element);
    this.imported = new Table("Records that came from other programs", [
      ["record", (row) => link(row, cellRef(row))],
    ], (row) => row, { high: true });
    this.importedBox = section("Imported records", false, this.imported.element);
    this.chartBox = section("Voltages now", is, this.volts.element);
    this.channelBox = section("Channels", is, h("label", { class: "filter" }, "Show ", find), this.channels.element);
    this.element.replaceChildren(this.title, this.station, this.counts,
      h("div", { class: "grid" }, this.alarmBox, section("To do for people", is, this.orders)), this.chartBox,
      this.channelBox, section("Under way", is, this.jobs.element), this.importedBox);
    this.listImported();
  }

  listImported() {
    if (!this.imported) return;
    this.imported.set(this.found ?? []);
    this.importedBox.hidden = !this.found?.length;
  }

  table() {
    return new Table("Channels with their last sample", [
      ["channel", (row) => row.key, "w"],
      ["state", (row) => ({ text: row.state, state: row.state.split(" ")[0] }), "w"],
      ["cell", (row) => (row.test && row.cell ? link(row.cell, cellRef(row.test)) : row.cell ?? ""), "w"],
      ["test", (row) => row.step ?? ""],
      ["trial", (row) => (row.trial ? link(String(row.trial), trialRef(row.campaign, row.trial)) : ""), "n"],
      ["cycle", (row) => row.cycle ?? "", "n"],
      ["voltage / V", (row) => fixed(row.voltage_V, 3), "n"],
      ["current / mA", (row) => (row.current_A === null ? "" : fixed(1000 * row.current_A, 3)), "n"],
      ["temperature / °C", (row) => fixed(row.temperature_degC, 1), "n"],
      ["last sample", (row) => (row.age_s === null ? "" : `${span(row.age_s)} ago`), "n"],
      ["origin", (row) => (row.simulated ? "simulated" : "measured")],
    ], (row) => row.key, { high: true });
  }

  filter(text) {
    const holds = (row) => !text || `${row.key} ${row.state} ${row.cell ?? ""} ${row.test ?? ""}`.toLowerCase().includes(text);
    this.channels.filter = holds;
    this.channels.set(this.page.bench.known.channels);
  }

  benchNew(bench) {
    this.build(bench);
    this.channels.set(bench.channels);
    this.frame(bench);
  }

  benchChanged(bench, news) {
    if (!this.channels) { this.benchNew(bench); return; }
    const isNew = (news.gone ?? []).length || (news.channels ?? []).some((row) => !this.channels.rows.has(row.key));
    if (isNew) this.channels.set(bench.channels);
    else for (const row of news.channels ?? []) this.channels.put(row);
    this.frame(bench);
  }

  frame(bench) {
    const running = bench.channels.filter((row) => row.voltage_V !== null);
    const clock = bench.now ? ` The bench's clock says ${bench.now}.` : "";
    this.station.textContent = `${bench.station.text.replace(/^./, (first) => first.toUpperCase())}.${clock}`;
    this.label(bench);
    this.counts.replaceChildren(cards([
      ["channels under test", `${running.length} of ${bench.channels.length}`],
      ["alarms", bench.alarms.length],
      ["to do", bench.orders.length],
    ]));
    this.alarms.set(bench.alarms);
    this.alarmBox.className = bench.alarms.length ? "alarm" : "";
    this.jobs.set(bench.jobs);
    this.todo(bench.orders);
    this.chartBox.hidden = running.length === 0;
    this.channelBox.hidden = bench.channels.length === 0;
    if (running.length) this.volts.show((palette) => voltages(running, palette));
  }

  label(bench) {
    const some = bench.mixed ? "Some numbers on this page come from simulated instruments and cells: the column origin says which." : "";
    this.page.label(bench.simulated ? "Numbers of this bench come from simulated instruments and cells; nothing was measured on hardware." : some);
  }

  todo(orders) {
    const mark = JSON.stringify(orders);
    if (mark === this.told) return;
    this.told = mark;
    const items = orders.map((each) => h("li", {},
      h("p", {}, h("strong", {}, each.title), simulated(each.simulated)),
      h("p", {}, `since ${each.since}`, each.late ? h("span", { class: each.is_late ? "late" : "" }, `, ${each.late}`) : null),
      ...Object.entries(each.facts).map(([name, text]) => h("p", {}, `${name}: ${text}`)),
      h("details", {}, h("summary", {}, "What to do, and how to answer"),
        h("ol", {}, each.steps.map((step) => h("li", {}, step))),
        ...each.commands.map((command) => h("p", {}, h("code", {}, command))))));
    this.orders.replaceChildren(items.length ? h("ul", { class: "orders" }, items) : h("p", { class: "none" }, "Nothing to do."));
  }
}

function voltages(rows, palette) {
  const colour = { charging: palette.accent, discharging: palette.warn, "at rest": palette.muted, other: palette.bad };
  const many = rows.length > 40;
  const sort = (row) => (STATES.includes(row.state) ? row.state : "other");
  const data = STATES.map((state) => {
    const some = rows.map((row, place) => [row, place]).filter(([row]) => sort(row) === state);
    return {
      type: "scatter", mode: "markers", name: state, marker: { color: colour[state], size: many ? 6 : 10 },
      x: some.map(([, place]) => place), y: some.map(([row]) => row.voltage_V),
      text: some.map(([row]) => `${row.key}: ${row.cell}`), hovertemplate: "%{text}<br>%{y:.3f} V<extra></extra>",
    };
  }).filter((trace) => trace.x.length);
  const ticks = many ? { showticklabels: false } : { tickvals: rows.map((_, place) => place), ticktext: rows.map((row) => row.key.replace(/^holder_/, "")) };
  return { data, layout: { xaxis: { title: { text: "channel" }, ...ticks, showgrid: false, zeroline: false }, yaxis: { title: { text: "voltage / V" } } } };
}
