// The comparison of two traces as a treegrid: durations, their difference, and both bars on one axis.

import { drawAxis, percent } from "./axis.js";
import { aligned, comparedRows, difference } from "./compare.js";
import { byId, h, replace, setAttribute, setText } from "./dom.js";
import { duration, line, signed } from "./format.js";
import { newestFirst, summaryText } from "./list.js";
import { Rows } from "./rows.js";
import { onChange, state } from "./store.js";
import { go } from "./url.js";

/** A smaller difference than this share of the longer trace isn't coloured. */
const REMARKABLE = 0.02;

const CHOICES = 300;

let rows = null;
let pairs = { a: null, b: null, rows: [] };
let tabStop = null;
const closed = new Set();

export function startCompare() {
  const grid = byId("compare-grid");
  rows = new Rows({ viewport: grid, body: byId("compare-rows"), create, update });
  byId("compare-with").addEventListener("change", (event) => go({ with: event.target.value || null }));
  byId("compare-swap").addEventListener("click", () => {
    const { trace, with: other } = state.route;
    if (other) go({ trace: other, with: trace, node: null });
  });
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("click", (event) => {
    const row = rowAt(event);
    if (!row) return;
    if (event.target.closest(".twisty")) toggle(row);
    reach(row.key);
  });
  new ResizeObserver(draw).observe(byId("compare-axis"));
  onChange(["tree", "other", "route", "traces"], draw);
}

const rowAt = (event) => rows.items[rows.place(event.target.closest("[role=row]")?.dataset.key)];

function draw() {
  if (state.route.view !== "compare") return;
  const { tree, other, route } = state;
  drawChoices(route);
  const isReady = tree && other && other.summary.id === route.with;
  byId("compare-grid").hidden = !isReady;
  byId("compare-nothing").hidden = isReady;
  if (!isReady) {
    setText(byId("compare-nothing"), state.traces.size > 1 ? "Choose a trace to compare with." : "There is no second trace to compare with yet.");
    setText(byId("compare-sum"), "");
    return;
  }
  if (pairs.a !== tree || pairs.b !== other) pairs = { a: tree, b: other, rows: aligned(tree, other) };
  setText(byId("compare-sum"), sum(tree, other));
  const shown = comparedRows(pairs.rows, closed);
  if (!shown.some((row) => row.key === tabStop)) tabStop = shown[0]?.key ?? null;
  setAttribute(byId("compare-grid"), "aria-rowcount", shown.length + 1);
  drawAxis(byId("compare-axis"), byId("compare-lines"), range());
  rows.set(shown);
}

function sum(tree, other) {
  const change = other.length - tree.length;
  if (Math.abs(change) < 1e-6) return "Both took the same time.";
  const factor = other.length > tree.length ? other.length / tree.length : tree.length / other.length;
  const word = change > 0 ? "slower" : "faster";
  return `B is ${duration(Math.abs(change))} ${word}${factor >= 1.1 ? `, ${factor.toFixed(factor < 10 ? 1 : 0)} times` : ""}.`;
}

const range = () => [0, Math.max(state.tree.length, state.other.length)];

function drawChoices(route) {
  const select = byId("compare-with");
  const summaries = newestFirst();
  const own = state.traces.get(route.trace) ?? state.tree?.summary;
  setText(byId("compare-a"), own ? summaryText(own) : "");
  const choices = summaries.filter(({ id }) => id !== route.trace).slice(0, CHOICES);
  if (route.with && !choices.some(({ id }) => id === route.with) && state.other) choices.push(state.other.summary);
  const stamp = JSON.stringify(choices.map(({ id, revision }) => [id, revision]));
  if (select.dataset.stamp !== stamp) {
    select.dataset.stamp = stamp;
    replace(select, h("option", { value: "" }, "Choose a trace"), choices.map((summary) => h("option", { value: summary.id }, summaryText(summary))));
  }
  select.value = route.with ?? "";
  byId("compare-swap").disabled = !route.with;
}

function create() {
  const parts = {
    twisty: h("span", { class: "twisty", "aria-hidden": "true" }),
    name: h("span", { class: "name" }),
    flags: h("span", { class: "flags" }),
    a: h("div", { role: "gridcell", class: "duration" }),
    b: h("div", { role: "gridcell", class: "duration" }),
    change: h("div", { role: "gridcell", class: "duration change" }),
    barA: h("span", { class: "pair-bar a" }),
    barB: h("span", { class: "pair-bar b" }),
  };
  const label = h("div", { role: "rowheader", class: "label" }, parts.twisty, parts.name, parts.flags);
  const track = h("div", { role: "gridcell", class: "track" }, parts.barA, parts.barB);
  const element = h("div", { role: "row", class: "row compared", tabIndex: -1 }, label, parts.a, parts.b, parts.change, track);
  return Object.assign(element, { parts, label });
}

function update(element, row, at) {
  const { parts, label } = element;
  element.dataset.key = row.key;
  label.style.setProperty("--level", Math.min(row.level - 1, 24));
  setAttribute(element, "aria-level", row.level);
  setAttribute(element, "aria-posinset", row.at + 1);
  setAttribute(element, "aria-setsize", row.of);
  setAttribute(element, "aria-rowindex", at + 2);
  setAttribute(element, "aria-expanded", row.isOpen);
  element.tabIndex = row.key === tabStop ? 0 : -1;
  setText(parts.name, line(row.name));
  const words = [row.a ? row.b ? null : "only in A" : "only in B"];
  const counts = [row.a?.count ?? 0, row.b?.count ?? 0];
  if (Math.max(...counts) > 1) words.push(counts[0] === counts[1] ? `× ${counts[0]}` : `× ${counts[0]} and ${counts[1]}`);
  if (Boolean(row.a?.fault) !== Boolean(row.b?.fault)) words.push(row.a?.fault ? "fault in A" : "fault in B");
  else if (row.a?.fault) words.push("fault");
  parts.flags.replaceChildren(...words.filter(Boolean).map((word) => h("span", { class: word.startsWith("fault") ? "flag fault" : "flag" }, word)));
  setText(parts.a, row.a ? duration(row.a.duration) : "–");
  setText(parts.b, row.b ? duration(row.b.duration) : "–");
  const change = difference(row);
  setText(parts.change, change === null ? "" : signed(change));
  const isRemarkable = change !== null && Math.abs(change) >= range()[1] * REMARKABLE;
  parts.change.dataset.is = isRemarkable ? change > 0 ? "slower" : "faster" : "same";
  placeBar(parts.barA, row.a);
  placeBar(parts.barB, row.b);
}

function placeBar(bar, side) {
  bar.hidden = !side;
  if (!side) return;
  const left = percent(side.start, range());
  bar.style.left = `${Math.min(left, 99.9)}%`;
  bar.style.width = `${Math.min(percent(side.duration, range()), 100 - left)}%`;
}

function toggle(row) {
  if (row.isOpen === null) return;
  if (!closed.delete(row.key)) closed.add(row.key);
  draw();
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const row = rowAt(event);
  if (!row) return;
  const at = rows.place(row.key);
  const above = () => rows.items.findLastIndex((other, place) => place < at && other.level < row.level);
  const moves = {
    ArrowDown: () => at + 1,
    ArrowUp: () => at - 1,
    Home: () => 0,
    End: () => rows.items.length - 1,
    ArrowRight: () => (row.isOpen === false ? toggle(row) : row.isOpen ? at + 1 : null),
    ArrowLeft: () => (row.isOpen ? toggle(row) : above()),
    " ": () => toggle(row),
    Enter: () => {
      const entry = row.a?.entry;
      if (entry) go({ view: "timeline", node: entry.id });
    },
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  const next = moves[event.key]();
  if (typeof next !== "number" || next < 0) return;
  reach(rows.items[Math.min(next, rows.items.length - 1)].key);
}

function reach(key) {
  const before = tabStop;
  tabStop = key;
  rows.touch(before, key);
  rows.focus(key);
}
