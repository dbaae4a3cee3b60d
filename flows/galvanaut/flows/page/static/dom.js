// Small tools for the page: elements whose text is only ever set as text, and tables that change cell by cell.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const link = (text, href) => ({ text, href });
export const trialRef = (campaign, number) => `#/trial/${encodeURIComponent(campaign)}/${number}`;
export const cellRef = (test) => `#/cell/${test.split("/").map(encodeURIComponent).join("/")}`;
export const campaignRef = (name) => `#/campaign/${encodeURIComponent(name)}`;

export const simulated = (is) => (is ? h("span", { class: "sim" }, "simulated") : null);

export function section(title, isSimulated, ...children) {
  return h("section", {}, h("h2", {}, title, simulated(isSimulated)), ...children);
}

export function cards(rows) {
  const items = rows.filter(Boolean).map(([name, value, more]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, String(value), more ? h("small", {}, more) : null)));
  return h("dl", { class: "cards" }, items);
}

export function fixed(value, digits) {
  return value === null || value === undefined ? "" : value.toFixed(digits);
}

export function digits(value, count = 4) {
  return value === null || value === undefined ? "" : String(Number(value.toPrecision(count)));
}

export function span(seconds) {
  if (seconds === null || seconds === undefined) return "";
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= 2 * size) return `${Number((seconds / size).toPrecision(3))} ${unit}`;
  }
  return `${seconds.toFixed(0)} s`;
}

// A table of keyed rows. `columns`: [heading, cell(row), class]; a cell is a text, {text, href} or {text, state}.
export class Table {
  constructor(caption, columns, key, { high = false } = {}) {
    this.columns = columns;
    this.key = key;
    this.rows = new Map();
    this.shown = new Map();
    this.filter = () => true;
    const heads = columns.map(([name, , kind]) => h("th", { scope: "col", class: kind }, name));
    this.body = h("tbody");
    const table = h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads)), this.body);
    this.none = h("p", { class: "none", hidden: true }, "None.");
    this.holder = h("div", { class: high ? "scroll high" : "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
    this.element = h("div", {}, this.holder, this.none);
  }

  // All rows there are, in their order.
  set(rows) {
    const keys = new Set(rows.map(this.key));
    for (const key of [...this.rows.keys()]) if (!keys.has(key)) this.remove(key);
    rows.forEach((row, place) => {
      const element = this.put(row);
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] ?? null);
    });
    this.holder.hidden = rows.length === 0;
    this.none.hidden = rows.length > 0;
  }

  // One row that is new or has changed; only cells that differ are touched.
  put(row) {
    const key = this.key(row);
    let element = this.rows.get(key);
    if (!element) {
      element = h("tr", {}, this.columns.map(([, , kind], place) => h(place ? "td" : "th", { class: kind, scope: place ? null : "row" })));
      this.rows.set(key, element);
      this.body.append(element);
      this.shown.set(key, []);
    }
    const before = this.shown.get(key);
    this.columns.forEach(([, cell], place) => {
      const now = cell(row);
      const mark = typeof now === "object" && now !== null ? `${now.text}\n${now.href ?? ""}\n${now.state ?? ""}` : String(now ?? "");
      if (before[place] === mark) return;
      before[place] = mark;
      fill(element.children[place], now);
    });
    element.hidden = !this.filter(row);
    return element;
  }

  remove(key) {
    this.rows.get(key)?.remove();
    this.rows.delete(key);
    this.shown.delete(key);
  }
}

function fill(element, content) {
  if (typeof content !== "object" || content === null) {
    element.textContent = content ?? "";
  } else if (content.href) {
    element.replaceChildren(h("a", { href: content.href }, content.text));
  } else {
    element.replaceChildren(h("span", { class: `state ${content.state ?? ""}` }, content.text));
  }
}
