// A trial: recipe, batch, steps, outcome, replicates, why it was proposed, whether it was worth going on.
import { campaignRef, cards, cellRef, digits, fixed, h, link, section, simulated, Table, trialRef } from "./dom.js";
import { Chart, nyquist } from "./charts.js";
import { View } from "./view.js";

export class TrialView extends View {
  constructor(rest, page) {
    super(rest, page);
    [this.campaign, this.number] = rest;
    this.element = h("div", {}, h("h1", {}, `Trial ${this.number}`), h("p", {}, "Reading the ledger."));
  }

  start() { this.again(); }

  again() {
    this.load(`/api/trial/${encodeURIComponent(this.campaign)}/${encodeURIComponent(this.number)}`, (found) => this.show(found));
    this.load(`/api/links/${encodeURIComponent(this.campaign)}`, (found) => this.showLink(found), 20000);
  }

  campaignsChanged(changed) { if (this.campaign in changed) this.again(); }

  benchChanged(bench, news) {
    if (news.jobs || (news.channels ?? []).some((row) => row.campaign === this.campaign && String(row.trial) === this.number)) this.load(this.path(), (found) => this.show(found), 10000);
  }

  path() { return `/api/trial/${encodeURIComponent(this.campaign)}/${encodeURIComponent(this.number)}`; }

  build(found) {
    const is = found.simulated;
    document.title = `Trial ${found.trial} of ${found.campaign} - Galvanaut`;
    this.crumbs = h("p", { class: "crumbs" });
    this.counts = h("div");
    this.why = h("div");
    this.parts = this.chart(new Chart("Recipe", "Mass shares, as asked for and as weighed in."));
    this.recipe = new Table("Mass shares in %", [
      ["component", (row) => row.key, "w"], ["name", (row) => row.name],
      ["asked / %", (row) => fixed(row.asked, 3), "n"], ["made / %", (row) => fixed(row.made, 3), "n"],
      ["sd / %", (row) => fixed(row.sd, 3), "n"], ["mol/kg", (row) => fixed(row.mol_per_kg, 3), "n"],
    ], (row) => row.key);
    this.measured = new Table("Values of the outcome", [
      ["quantity", (row) => row.name, "w"], ["value", (row) => digits(row.value, 5), "n"], ["sd of its readings", (row) => digits(row.sd, 2), "n"],
      ["unit", (row) => row.unit], ["kind", (row) => (is ? `${row.kind}, simulated` : row.kind)],
    ], (row) => row.name);
    this.cells = new Table("Replicates and their verdicts", [
      ["cell", (row) => row.cell, "w"], ["holder", (row) => row.holder, "w"],
      ["verdict", (row) => ({ text: row.verdict, state: row.verdict === "ok" ? "ok" : row.verdict.startsWith("not judged") ? "" : "bad" }), "long"],
      ["formation", (row) => testLink(row, "formation"), "w"], ["cycling", (row) => testLink(row, "cycling"), "w"],
      ["electrolyte / mg", (row) => fixed(row.electrolyte_mg, 1), "n"], ["ended", (row) => row.ended, "long"],
    ], (row) => row.cell);
    this.chances = this.chart(new Chart("Stop decisions", "Probability that this recipe still becomes the best one, each time it was asked."));
    this.decisions = new Table("Each time it was asked whether its cells are worth going on with", [
      ["at", (row) => row.at, "w"], ["decided", (row) => ({ text: row.action, state: row.action === "stop" ? "bad" : "ok" }), "w"],
      ["probability / %", (row) => fixed(100 * row.probability, 1), "n"], ["after cycle", (row) => row.cycles ?? "", "n"], ["because", (row) => row.reason, "long"],
    ], (row) => `${row.at} ${row.cycles}`, { high: true });
    this.steps = new Table("Jobs of this trial in the order in which they began", [
      ["step", (row) => row.step, "w"], ["state", (row) => ({ text: row.state, state: row.state === "failed" ? "bad" : row.state }), "w"],
      ["began", (row) => row.began, "w"], ["took", (row) => row.took ?? "", "w"], ["asked", (row) => row.asked, "long"], ["result", (row) => row.result, "long"],
    ], (row) => row.job, { high: true });
    this.doses = new Table("Planned doses", [
      ["stock", (row) => row.stock], ["lot", (row) => row.lot], ["volume / mL", (row) => fixed(row.volume_mL, 3), "n"], ["mass / g", (row) => fixed(row.mass_g, 4), "n"],
    ], (row) => `${row.stock} ${row.lot}`);
    this.spectra = this.chart(new Chart("Impedance of the conductivity cell", "Every sweep, as a Nyquist plot. The resistance of the electrolyte is the real part where the imaginary one is smallest against it."));
    this.spectraBox = section("Impedance", is, this.spectra.element);
    this.cellBox = section("Replicates", is, this.cells.element);
    this.stopBox = section("Worth going on?", is, this.chances.element, this.decisions.element);
    this.element.replaceChildren(h("h1", {}, `Trial ${found.trial}`, simulated(is)), this.crumbs, this.counts,
      section("Why it was proposed", is, this.why),
      h("div", { class: "grid" }, section("Recipe and batch", is, this.parts.element, this.recipe.element), section("Outcome", is, this.measured.element, this.doses.element)),
      this.spectraBox, this.cellBox, this.stopBox, section("Steps", is, this.steps.element));
  }

  show(found) {
    this.worked();
    if (!this.steps) this.build(found);
    this.page.label(found.note);
    this.found = found;
    const to = (number, text) => (number ? h("a", { href: trialRef(this.campaign, number) }, text) : null);
    this.prefect = h("span");
    this.crumbs.replaceChildren(h("a", { href: campaignRef(this.campaign) }, `campaign ${this.campaign}`),
      ...[to(found.previous, "previous trial"), to(found.next, "next trial"), this.prefect].filter(Boolean));
    if (this.linked) this.showLink(this.linked);
    const state = found.stopped ? `${found.status}, stopped early` : found.status;
    this.counts.replaceChildren(cards([["status", state, found.reason || (found.ended ? `ended ${found.ended}` : "")], [found.objective, found.value || "none yet", found.parts]]));
    const details = Object.entries(found.proposal.details).map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name.replaceAll("_", " ")), h("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value))));
    if (!this.why.childElementCount) {
      const range = found.proposal.interval;
      this.why.replaceChildren(h("p", { class: "why" }, found.proposal.reason || "No reason was written down."),
        range ? h("p", { class: "why" }, `Expected ${digits(found.proposal.predicted, 3)} ${found.proposal.unit}, 95 % interval ${digits(range[0], 3)} to ${digits(range[1], 3)}, without the noise of a measurement.`) : "",
        h("details", {}, h("summary", {}, "What the planner wrote down"), h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, details)))));
    }
    this.recipe.set(found.recipe_rows);
    this.parts.show((palette) => shares(found.recipe_rows, palette));
    this.measured.set(found.measured);
    this.doses.set(found.doses);
    this.spectraBox.hidden = found.spectra.length === 0;
    if (found.spectra.length) this.spectra.show((palette) => nyquist(found.spectra, palette));
    this.cellBox.hidden = found.cells.length === 0;
    this.cells.set(found.cells);
    this.stopBox.hidden = found.decisions.length === 0;
    this.decisions.set(found.decisions);
    if (found.decisions.length) this.chances.show((palette) => chances(found.decisions, palette));
    this.steps.set(found.steps);
  }

  showLink(found) {
    this.linked = found;
    const address = found[`trial-${String(this.number).padStart(3, "0")}`];
    if (this.prefect && address) this.prefect.replaceChildren(h("a", { href: address, rel: "noreferrer" }, "this run in the Prefect UI"));
  }
}

function testLink(row, step) {
  const test = row.tests.find((each) => each.step === step);
  const word = test && { intended: "under way", done: "done", failed: "failed" }[test.state];
  return test ? link(word, cellRef(test.test)) : "";
}

function shares(rows, palette) {
  const bars = [["asked", palette.muted], ["made", palette.accent]].map(([name, colour]) => ({
    type: "bar", orientation: "h", name, marker: { color: colour }, y: rows.map((row) => row.key), x: rows.map((row) => row[name]),
    hovertemplate: `%{y}: %{x:.3f} % ${name}<extra></extra>`,
  })).filter((trace) => trace.x.some((value) => value !== null));
  return { data: bars, layout: { barmode: "group", xaxis: { title: { text: "mass share / %" } }, yaxis: { autorange: "reversed" } } };
}

function chances(rows, palette) {
  const data = [{
    type: "scatter", mode: "lines+markers", name: "probability", x: rows.map((row) => row.cycles), y: rows.map((row) => 100 * row.probability), text: rows.map((row) => row.reason),
    marker: { size: 8, color: rows.map((row) => (row.action === "stop" ? palette.bad : palette.accent)) }, line: { color: palette.muted, width: 1 },
    hovertemplate: "%{text}<extra></extra>",
  }];
  return { data, layout: { xaxis: { title: { text: "cycle" } }, yaxis: { title: { text: "chance to become the best / %" }, range: [0, 103] } } };
}
