// The page: which view is shown, and the one stream of news that all of them share.
import { campaignRef, h } from "./dom.js";
import { BenchView } from "./bench.js";
import { CampaignView } from "./campaign.js";
import { TrialView } from "./trial.js";
import { CellView } from "./cell.js";

const VIEWS = { bench: BenchView, campaign: CampaignView, trial: TrialView, cell: CellView };
const main = document.getElementById("main");
const live = document.getElementById("live");
const bench = { known: null };
let view = null;

export function say(text) {
  document.getElementById("say").textContent = text;
}

async function ask(path, signal) {
  const reply = await fetch(path, { signal, headers: { Accept: "application/json" } });
  if (reply.ok) return reply.json();
  const found = await reply.json().catch(() => ({}));
  throw Object.assign(new Error(found.error ?? `the lab page answers ${reply.status}`), { isFinal: reply.status < 500 });
}

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return VIEWS[name] ? [name, rest] : ["bench", []];
}

function show({ focus = true } = {}) {
  if (location.hash === "#main") return;
  view?.end();
  const [name, rest] = route();
  const stop = new AbortController();
  view = new VIEWS[name](rest, { ask: (path) => ask(path, stop.signal), bench, say, label });
  const ended = view.end.bind(view);
  view.end = () => { stop.abort(); ended(); };
  main.replaceChildren(view.element);
  label("");
  view.start();
  mark(name, rest);
  if (focus) { main.focus({ preventScroll: true }); scrollTo(0, 0); }
}

// What is simulated on what is shown.
function label(note, isSimulated = Boolean(note)) {
  document.getElementById("simulated").hidden = !isSimulated;
  document.getElementById("note").textContent = note;
}

function mark(name, rest) {
  const campaign = name === "campaign" || name === "trial" ? rest[0] : name === "cell" ? rest[0] : null;
  for (const each of document.querySelectorAll("#nav a")) {
    const is = campaign === null ? each.hash === "#/bench" : each.hash === campaignRef(campaign);
    if (is) each.setAttribute("aria-current", "page"); else each.removeAttribute("aria-current");
  }
}

async function list() {
  const { campaigns } = await ask("/api/lab");
  const items = campaigns.map((each) => h("li", {}, h("a", { href: campaignRef(each.campaign) }, each.campaign)));
  const nav = document.getElementById("nav");
  nav.replaceChildren(nav.firstElementChild, ...items);
  mark(...route());
}

function listen() {
  const stream = new EventSource("/api/stream");
  let campaigns = {};
  const on = (kind, act) => stream.addEventListener(kind, (message) => act(JSON.parse(message.data)));
  on("hello", (found) => {
    live.textContent = "live";
    live.className = "live on";
    bench.known = found.bench;
    campaigns = found.campaigns;
    list().catch(() => {});
    view?.benchNew?.(found.bench);
    view?.again?.();
  });
  on("bench", (news) => {
    const known = bench.known ?? { channels: [] };
    const rows = new Map(known.channels.map((row) => [row.key, row]));
    if (news.channels) news.channels = news.channels.map((row) => ({ ...rows.get(row.key), ...row }));
    for (const row of news.channels ?? []) rows.set(row.key, row);
    for (const key of news.gone ?? []) rows.delete(key);
    bench.known = { ...known, ...news, channels: [...rows.values()] };
    if (news.alarms?.length) say(`${news.alarms.length} alarms are open`);
    view?.benchChanged?.(bench.known, news);
  });
  on("campaigns", (changed) => {
    if (Object.keys(changed).some((name) => !(name in campaigns))) list().catch(() => {});
    campaigns = { ...campaigns, ...changed };
    view?.campaignsChanged?.(changed);
  });
  on("twins", (changed) => view?.twinsChanged?.(changed));
  stream.onerror = () => { live.textContent = "not connected"; live.className = "live"; };
}

addEventListener("hashchange", () => show());
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
show({ focus: false });
list().catch(() => {});
listen();
