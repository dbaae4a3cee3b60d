// Charts by Plotly, in the page's own colours, changed in place and not more often than anybody can see.
import { h } from "./dom.js";

const REST_MS = 1500;
const BARE = { displayModeBar: false, responsive: true };
const charts = new Set();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const coarse = window.matchMedia("(pointer: coarse)");

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "card", "ink", "soft", "line", "accent", "good", "warn", "bad", "muted", "band"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// The colours that the report's figures are made with, and ours for them.
const REPORT = { "#1f2933": "ink", "#0b6e8a": "accent", "#9aa5b1": "muted", "#c2410c": "bad" };

function recoloured(value, palette) {
  if (typeof value === "string") return REPORT[value] ? palette[REPORT[value]] : value;
  if (Array.isArray(value)) return typeof value[0] === "string" || typeof value[0] === "object" ? value.map((each) => recoloured(each, palette)) : value;
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, recoloured(each, palette)]));
  return value;
}

function axis(palette, given = {}) {
  const title = given.title?.text ?? "";
  if (title) given = { ...given, title: { text: title.length > 50 ? title.replace(" (", "<br>(").replace(", predicted", "<br>predicted") : title, font: { size: 13 }, standoff: 8 } };
  return { gridcolor: palette.line, linecolor: palette.line, zerolinecolor: palette.line, tickcolor: palette.line, automargin: true, ...given };
}

function themed(layout, palette) {
  const found = recoloured(layout, palette);
  const whole = {
    ...found,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: palette.ink },
    margin: { l: 56, r: 16, t: 36, b: 44 },
    hoverlabel: { bgcolor: palette.card, bordercolor: palette.line, font: { color: palette.ink } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 } },
    dragmode: coarse.matches ? false : "zoom",
    autosize: true,
  };
  delete whole.height;
  delete whole.width;
  for (const name of ["xaxis", "yaxis", "yaxis2", "xaxis2"]) {
    if (name in found || !found.ternary) if (name in found || !name.endsWith("2")) whole[name] = axis(palette, found[name]);
  }
  if (found.ternary) {
    whole.margin = { l: 48, r: 48, t: 56, b: 40 };
    whole.legend = { ...whole.legend, y: 1.12 };
    whole.ternary = { ...found.ternary, bgcolor: "rgba(0,0,0,0)" };
    for (const name of ["aaxis", "baxis", "caxis"]) whole.ternary[name] = { ...axis(palette, found.ternary[name]), automargin: undefined, nticks: 5, min: found.ternary[name]?.min ?? 0 };
  }
  return whole;
}

export class Chart {
  // `say`: what the chart shows, in words; `figure(palette)` gives {data, layout}.
  constructor(title, say, { kind = "" } = {}) {
    this.plot = h("div", { class: `chart ${kind}`, role: "img", "aria-label": `${title}. ${say}` });
    this.numbers = h("details", {}, h("summary", {}, "Numbers"));
    this.numbers.addEventListener("toggle", () => this.list());
    this.element = h("figure", {}, this.plot, h("figcaption", {}, say), this.numbers);
    this.last = 0;
    this.figure = null;
    this.drawn = "";
    charts.add(this);
  }

  // Show a figure; again and again, but with a rest between.
  show(figure) {
    this.figure = figure;
    if (this.waits) return;
    const wait = Math.max(0, this.last + REST_MS - performance.now());
    this.waits = setTimeout(() => requestAnimationFrame(() => this.draw()), wait);
  }

  draw() {
    this.waits = null;
    if (!this.figure || !this.plot.isConnected) return;
    const palette = colours();
    const { data, layout } = this.figure(palette);
    const text = JSON.stringify([data, layout, palette]);
    if (text === this.drawn) return;
    this.drawn = text;
    this.data = data;
    Plotly.react(this.plot, recoloured(data, palette), { ...themed(layout ?? {}, palette), uirevision: "same" }, BARE);
    this.last = performance.now();
    if (this.numbers.open) this.list();
  }

  // The same as a table, for who cannot see it or wants the numbers.
  list() {
    if (!this.numbers.open || !this.data) return;
    const tables = this.data.filter((trace) => Array.isArray(trace.x ?? trace.a) && (trace.x ?? trace.a).length).map((trace) => {
      const names = ["x", "y", "a", "b", "c", "text"].filter((name) => Array.isArray(trace[name]));
      const length = Math.min(trace[names[0]].length, 300);
      const rows = Array.from({ length }, (_, at) => h("tr", {}, names.map((name) => h("td", { class: "n" }, text(trace[name][at])))));
      const heads = names.map((name) => h("th", { scope: "col", class: "n" }, name));
      return h("table", {}, h("caption", {}, trace.name ?? "values"), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
    });
    this.numbers.replaceChildren(this.numbers.firstElementChild, h("div", { class: "scroll high", tabindex: "0" }, tables));
  }

  end() {
    clearTimeout(this.waits);
    charts.delete(this);
    if (this.plot.data) Plotly.purge(this.plot);
  }
}

const text = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? ""));

dark.addEventListener("change", () => charts.forEach((chart) => { chart.last = 0; if (chart.figure) chart.show(chart.figure); }));

// A spectrum with equal axes, capacitive parts upwards. `sweeps`: name, real_ohm, imaginary_ohm, perhaps fitted ones.
export function nyquist(sweeps, palette) {
  const shades = [palette.muted, palette.warn, palette.accent, palette.good];
  const up = (values) => values.map((value) => (value === null ? null : -value));
  const data = sweeps.flatMap((each, place) => {
    const color = shades[place % shades.length];
    const text = each.frequency_Hz.map((value) => `${Number(value.toPrecision(4))} Hz`);
    const points = {
      type: "scatter", mode: each.fitted_real_ohm ? "markers" : "lines+markers", name: each.name, x: each.real_ohm, y: up(each.imaginary_ohm), text, marker: { color, size: 6 }, line: { color, width: 1 },
      hovertemplate: "%{text}<br>%{x:.4g} Ω, -Im %{y:.4g} Ω<extra></extra>",
    };
    if (!each.fitted_real_ohm) return [points];
    return [points, { type: "scatter", mode: "lines", name: `${each.name}, circuit`, x: each.fitted_real_ohm, y: up(each.fitted_imaginary_ohm), line: { color, width: 1.5 }, showlegend: false, hoverinfo: "skip" }];
  });
  return { data, layout: { xaxis: { title: { text: "Re Z / Ω" } }, yaxis: { title: { text: "-Im Z / Ω" }, scaleanchor: "x", scaleratio: 1 } } };
}

// A line with a band around it.
export function band(x, low, high, colour, name) {
  return [
    { x, y: low, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false, name: `${name}, low` },
    { x, y: high, mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: colour, hoverinfo: "skip", name },
  ];
}
