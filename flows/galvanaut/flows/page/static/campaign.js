// A campaign: how it stands, its figures, what the planner's model holds, what was proposed and why.
import { cards, digits, h, link, section, simulated, Table, trialRef } from "./dom.js";
import { Chart } from "./charts.js";
import { View } from "./view.js";

const outcome = (status, stopped) => ({ text: stopped ? `${status}, stopped early` : status, state: status === "ok" ? "ok" : status.startsWith("failed") ? "bad" : "" });

const FIGURES = [
  ["convergence", "Best so far", "Every measured value in the order in which trials ended, and the best so far. Bars: one standard deviation."],
  ["front", "Pareto front", "Results of the first two objectives; nothing measured beats the front. With three, the colour is the third."],
  ["composition", "Composition map", "Tested mixtures of solvents, coloured by the measured value. Corners are mass shares of the solvent."],
  ["predicted", "Measured against predicted", "What the planner expected before each experiment, against what came out. Bars: 95 %."],
];

export class CampaignView extends View {
  constructor(rest, page) {
    super(rest, page);
    this.name = rest[0];
    this.element = h("div", {}, h("h1", {}, this.name), h("p", {}, "Reading the ledger."));
  }

  start() { this.again(); }

  again() {
    this.load(`/api/campaign/${encodeURIComponent(this.name)}`, (found) => this.show(found));
    this.load(`/api/model/${encodeURIComponent(this.name)}`, (found) => this.showModel(found), 5000);
    this.load(`/api/links/${encodeURIComponent(this.name)}`, (found) => this.showLink(found), 20000);
  }

  campaignsChanged(changed) {
    if (this.name in changed) this.again();
  }

  build(found) {
    const is = found.simulated;
    document.title = `${found.campaign} - Galvanaut`;
    this.counts = h("div");
    this.front = h("p", { class: "why" });
    this.parts = new Map(FIGURES.map(([name, title, say]) => {
      const chart = this.chart(new Chart(title, say, { kind: name === "composition" ? "tall" : "" }));
      return [name, { chart, box: section(title, is, chart.element) }];
    }));
    this.advice = h("p", { class: "why" }, "Working out the model.");
    this.hyper = h("p", { class: "none" });
    this.mean = this.chart(new Chart("Model: expected value", "What the planner's model expects over the solvent triangle. Circles: tested mixtures.", { kind: "tall" }));
    this.sd = this.chart(new Chart("Model: standard deviation", "How unsure the model is there.", { kind: "tall" }));
    this.maps = h("div", { class: "grid" }, h("div", {}, h("h3", {}, "Expected value"), this.mean.element), h("div", {}, h("h3", {}, "How unsure"), this.sd.element));
    this.maps.hidden = true;
    this.proposals = this.proposalTable(found.campaign);
    this.trials = this.trialTable(found.campaign);
    this.prefect = h("span");
    this.element.replaceChildren(
      h("h1", {}, found.title, simulated(is)),
      h("p", { class: "crumbs" }, h("span", {}, `campaign ${found.campaign}, planner ${found.planner}`), this.prefect),
      this.counts, h("div", { class: "grid" }, ["convergence", "front"].map((name) => this.parts.get(name).box)),
      section("What the planner proposed last, and why", is, this.proposals.element),
      section("What the planner's model holds", is, this.advice, this.hyper, this.maps),
      h("div", { class: "grid" }, ["composition", "predicted"].map((name) => this.parts.get(name).box)),
      section("All trials", is, this.front, this.trials.element));
  }

  proposalTable(campaign) {
    return new Table("The newest proposals first; those pending are what is tried next", [
      ["trial", (row) => link(String(row.trial), trialRef(campaign, row.trial)), "n"],
      ["now", (row) => outcome(row.status), "w"],
      ["why", (row) => row.reason, "long"],
      ["expected", (row) => expected(row), "w"],
      ["came out", (row) => (row.value === null ? "" : digits(row.value)), "n"],
      ["recipe", (row) => row.recipe, "long"],
      ["proposed", (row) => row.at, "w"],
    ], (row) => row.trial);
  }

  trialTable(campaign) {
    return new Table("In the order of their numbers", [
      ["trial", (row) => link(String(row.trial), trialRef(campaign, row.trial)), "n"],
      ["status", (row) => outcome(row.status, row.stopped), "w"],
      ["value", (row) => row.value, "w"],
      ["of", (row) => row.parts, "long"],
      ["recipe", (row) => row.recipe, "long"],
      ["ended", (row) => row.ended ?? "", "w"],
      ["remarks", (row) => [row.breaks && `breaks ${row.breaks}`, row.reason].filter(Boolean).join("; ")],
    ], (row) => row.trial, { high: true });
  }

  show(found) {
    this.worked();
    if (!this.trials) { this.build(found); if (this.held) this.showModel(this.held); if (this.linked) this.showLink(this.linked); }
    this.page.label(found.note);
    const states = Object.entries(found.counts).map(([name, count]) => `${count} ${name}`).join(", ");
    this.counts.replaceChildren(cards([
      ["trials ended", `${found.ended} of ${found.budget}`, states],
      found.best && [`best so far (${found.objective.goal} ${found.objective.label})`, found.best.value, `trial ${found.best.trial}: ${found.best.text}`],
    ]));
    this.front.textContent = found.front ?? "";
    for (const [name, { chart, box }] of this.parts) {
      const figure = found.figures[name];
      box.hidden = !figure;
      if (figure) chart.show(() => figure);
    }
    this.proposals.set(found.proposals);
    this.trials.set(found.trials);
  }

  showModel(found) {
    this.held = found;
    if (!this.trials) return;
    this.maps.hidden = Boolean(found.why_not);
    this.advice.textContent = found.why_not || found.advice;
    if (found.why_not) return;
    const lengths = Object.entries(found.hyperparameters.lengths ?? {}).map(([name, value]) => `${name} ${digits(value, 3)}`).join(", ");
    const noise = found.hyperparameters.noise_sd;
    this.hyper.textContent = [found.model, lengths && `length scales ${lengths}`, noise !== undefined && `noise ${digits(noise, 3)}`, found.around].filter(Boolean).join(". ");
    this.mean.show(() => found.mean);
    this.sd.show(() => found.sd);
  }

  showLink(found) {
    this.linked = found;
    if (this.prefect && found[this.name]) this.prefect.replaceChildren(h("a", { href: found[this.name], rel: "noreferrer" }, "this run in the Prefect UI"));
  }
}

function expected(row) {
  if (row.predicted === null) return "";
  const [low, high] = row.interval ?? [];
  return low === undefined ? digits(row.predicted) : `${digits(row.predicted, 3)} (${digits(low, 3)} to ${digits(high, 3)})`;
}
