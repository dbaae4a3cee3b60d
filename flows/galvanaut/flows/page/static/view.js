// What all views have in common: loading at a bearable rate, and an end.

const REST_MS = 2000;
const AGAIN_MS = 5000;

export class View {
  constructor(rest, page) {
    this.rest = rest;
    this.page = page;
    this.charts = [];
    this.timers = new Set();
    this.last = new Map();
    this.over = false;
  }

  start() {}

  chart(chart) {
    this.charts.push(chart);
    return chart;
  }

  // Ask for `path` and hand the answer to `act`; calls that come meanwhile become one, after a rest.
  load(path, act, rest = REST_MS) {
    const state = this.last.get(path) ?? { at: -1e9, busy: false, again: false };
    this.last.set(path, state);
    if (state.busy) { state.again = true; return; }
    state.busy = true;
    const run = async () => {
      if (this.over) return;
      state.again = false;
      try {
        const found = await this.page.ask(path);
        if (!this.over) act(found);
      } catch (error) {
        if (!this.over && error.name !== "AbortError") {
          this.failed(error);
          if (!error.isFinal) this.later(() => this.load(path, act, rest), AGAIN_MS);
        }
      }
      state.at = performance.now();
      state.busy = false;
      if (state.again) this.load(path, act, rest);
    };
    this.later(run, Math.max(0, state.at + rest - performance.now()));
  }

  later(act, wait) {
    const timer = setTimeout(() => { this.timers.delete(timer); act(); }, wait);
    this.timers.add(timer);
  }

  failed(error) {
    let line = this.element.querySelector(":scope > .error");
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      line.setAttribute("role", "alert");
      this.element.prepend(line);
    }
    line.textContent = error.message;
  }

  worked() {
    this.element.querySelector(":scope > .error")?.remove();
  }

  end() {
    this.over = true;
    this.timers.forEach(clearTimeout);
    this.charts.forEach((chart) => chart.end());
  }
}
