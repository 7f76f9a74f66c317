// The list of traces, newest first: links, one a row.

import { byId, h, setAttribute, setText } from "./dom.js";
import { clock, counted, dateTime, duration, grouped, line } from "./format.js";
import { flagElements, flagsOf } from "./label.js";
import { Rows } from "./rows.js";
import { change, onChange, state } from "./store.js";
import { address, go } from "./url.js";

/** Each has a dozen elements, and one or two dozen rows are in sight. */
const PLAIN_TRACES = 100;

/** Annotations that tell no trace from another. */
const OF_EVERY_HANDLER = new Set(["ColdStart", "Service", "Trigger", "Source", "Kept"]);

let rows = null;
let tabStop = null;
let longest = 0;

export function startList() {
  const list = byId("traces");
  rows = new Rows({ viewport: list, body: byId("trace-rows"), create, update, plainRows: PLAIN_TRACES });
  list.addEventListener("keydown", onKey);
  list.addEventListener("click", onClick);
  onChange(["traces"], draw);
  onChange(["route"], () => {
    tabStop = state.route.trace;
    rows.refresh();
    rows.show(tabStop);
  });
  onChange(["traces", "totals", "filter", "filterError", "isLoaded", "waiting"], drawCount);
}

/** Summaries, newest first. */
export function newestFirst() {
  return [...state.traces.values()].sort((a, b) => (b.start ?? 0) - (a.start ?? 0) || (a.id < b.id ? 1 : -1));
}

function draw() {
  const viewport = rows.viewport;
  const summaries = newestFirst();
  // Who has scrolled down keeps in sight what is in sight.
  const anchor = viewport.scrollTop > 0 ? firstInSight() : null;
  longest = Math.max(...summaries.map((summary) => summary.duration ?? 0), 0);
  if (!state.traces.has(tabStop)) tabStop = state.route.trace ?? summaries[0]?.id ?? null;
  const isNew = rows.place(state.route.trace) < 0;
  rows.set(summaries.map((summary) => ({ key: summary.id, summary })));
  if (anchor && rows.place(anchor.key) >= 0) {
    const moved = (rows.place(anchor.key) - anchor.at) * rows.height;
    if (moved) viewport.scrollTop += moved;
  }
  if (isNew) rows.show(state.route.trace);
}

function firstInSight() {
  const at = Math.floor(rows.viewport.scrollTop / rows.height);
  return rows.items[at] ? { key: rows.items[at].key, at } : null;
}

function create() {
  const parts = {
    name: h("span", { class: "trace-name" }),
    duration: h("span", { class: "trace-duration" }),
    time: h("span", { class: "trace-time" }),
    flags: h("span", { class: "flags" }),
    about: h("span", { class: "about" }),
    share: h("i", { class: "share", "aria-hidden": "true" }),
  };
  const link = h("a", { class: "trace" },
    h("span", { class: "trace-line" }, parts.name, " ", parts.duration),
    h("span", { class: "trace-line" }, parts.time, " ", parts.flags, " ", parts.about), parts.share);
  const element = h("li", null, link);
  Object.assign(element, { parts, link });
  return element;
}

function update(element, { summary }, at) {
  const { parts, link } = element;
  setAttribute(element, "aria-posinset", at + 1);
  setAttribute(element, "aria-setsize", rows.items.length);
  link.dataset.key = summary.id;
  link.tabIndex = summary.id === tabStop ? 0 : -1;
  setAttribute(link, "href", address({ ...state.route, trace: summary.id, node: null, with: null, scope: "trace" }));
  setAttribute(link, "aria-current", summary.id === state.route.trace ? "true" : null);
  link.classList.toggle("faulty", summary.fault);
  if (element.revision === summary.revision) {
    sizeShare(parts.share, summary);
    return;
  }
  element.revision = summary.revision;
  setText(parts.name, line(summary.name));
  setText(parts.duration, summary.in_progress ? "" : duration(summary.duration));
  setText(parts.time, clock(summary.start));
  setAttribute(parts.time, "title", dateTime(summary.start));
  const flags = flagElements(summary);
  if (summary.problems) flags.push(h("span", { class: "flag rejected" }, counted(summary.problems, "problem")));
  parts.flags.replaceChildren(...flags);
  parts.flags.hidden = !flags.length;
  setText(parts.about, about(summary));
  sizeShare(parts.share, summary);
}

function about(summary) {
  const { http } = summary;
  if (http?.url || http?.method) return [http.method, path(http.url ?? ""), http.status].filter(Boolean).map(line).join(" ");
  const annotations = Object.entries(summary.annotations ?? {}).filter(([key]) => !OF_EVERY_HANDLER.has(key));
  return annotations.slice(0, 2).map(([key, values]) => line(`${key}=${[values].flat()[0]}`)).join(" ");
}

const path = (url) => line(url).replace(/^[a-z]+:\/\/[^/]+/i, "");

function sizeShare(share, summary) {
  share.style.width = `${longest ? Math.max(0.5, (summary.duration ?? 0) / longest * 100) : 0}%`;
}

function drawCount() {
  const { totals, traces, filter, filterError, waiting } = state;
  const shown = traces.size;
  let text = counted(shown, "trace");
  if (filter && !filterError) text = `${grouped(shown)} of ${grouped(Math.max(totals.total, shown))} match`;
  // Said aloud is how many match, not every trace that arrives.
  setAttribute(byId("count"), "role", filter ? "status" : null);
  setText(byId("count"), state.isLoaded ? text : "");
  setText(byId("waiting"), waiting.size ? `${grouped(waiting.size)} waiting` : "");
  const { dropped, limits } = totals;
  const why = limits ? `Only ${grouped(limits.traces)} traces or ${limits.bytes / 1e6} MB are kept: the oldest go first.` : "";
  setText(byId("dropped"), dropped ? `${grouped(dropped)} older ones let go` : "");
  setAttribute(byId("dropped"), "title", why);
}

function onClick(event) {
  const link = event.target.closest("a.trace");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  openTrace(link.dataset.key);
}

/** Show another trace; the view stays, but for the map of all traces and a comparison with it. */
export function openTrace(id, options) {
  change({ zoom: null });
  go({ trace: id, node: null, with: null, scope: "trace" }, options);
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const at = rows.place(event.target.closest("a.trace")?.dataset.key);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.items.length - 1 }[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  focusTrace(Math.max(0, Math.min(next, rows.items.length - 1)));
}

function focusTrace(at) {
  tabStop = rows.items[at].key;
  rows.refresh();
  rows.show(tabStop);
  rows.elements.get(tabStop)?.link.focus({ preventScroll: true });
}

/** The trace before or after the one that is shown. */
export function stepTrace(step) {
  const at = rows.place(state.route.trace);
  const next = rows.items[at < 0 ? 0 : at + step];
  if (next) openTrace(next.key);
}

/** What a summary says, for where there is room for a line of text only. */
export function summaryText(summary) {
  const flags = flagsOf(summary).map(([word]) => word);
  const time = summary.in_progress ? "" : duration(summary.duration);
  return [clock(summary.start), line(summary.name), time, ...flags].filter(Boolean).join(" · ");
}
