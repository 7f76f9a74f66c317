// Keeps what is shown the same as what the server, or the saved page, has.

import { counterpart } from "./compare.js";
import { Events } from "./events.js";
import { newestFirst } from "./list.js";
import { change, onChange, state } from "./store.js";
import { Tree } from "./tree.js";
import { go } from "./url.js";

/** A trace that changes again and again is read no more often than this. */
const PAUSE_MS = 250;

/** The map of all traces is work for the server. */
const GRAPH_PAUSE_MS = 1000;

let source = null;
let events = null;
let asked = 0;

export function startLoader(from) {
  source = from;
  change({ isLive: source.isLive, connection: source.isLive ? "connecting" : "file" });
  if (source.isLive) {
    events = new Events({
      opened: () => {
        change({ connection: "live" });
        loadList();
      },
      lost: () => change({ connection: "lost" }),
      traces: take,
      cleared: () => change({ traces: new Map(), waiting: new Map(), totals: { ...state.totals, total: 0, matched: 0 } }),
    });
  }
  onChange(["route"], follow);
  onChange(["traces"], chooseFirst);
  onChange(["traces", "route"], choosePartner);
  onChange(["filter"], followFilter);
}

/** The first time: the list, and events from now on. */
export async function begin() {
  const isRead = await loadList();
  events?.open(isRead ? state.filter : "");
  follow();
}

/** List and events by the new filter. One that the server refuses leaves both as they are. */
async function followFilter() {
  const { filter } = state;
  change({ graph: null, waiting: new Map() });
  events?.close();
  await loadList();
  if (filter === state.filter) events?.open(state.filterError ? events.filter : filter);
}

/** True if the list could be read; the filter may be one that the server refuses. */
async function loadList() {
  const turn = ++asked;
  const { filter } = state;
  try {
    const { traces, ...totals } = await source.summaries(filter);
    if (turn !== asked) return true;
    const kept = new Map(traces.map((summary) => [summary.id, summary]));
    const filterError = "";
    if (state.isPaused && state.isLoaded && filter === listed) {
      change({ totals, server: totals.server, filterError });
      return true;
    }
    listed = filter;
    change({ traces: kept, totals, server: totals.server, isLoaded: true, filterError });
    refreshShown(kept);
    return true;
  } catch (error) {
    if (turn !== asked) return false;
    if (error.status !== 400) change({ connection: "lost" });
    else {
      change({ filterError: error.message });
      if (!state.isLoaded) await loadUnfiltered();
    }
    return false;
  }
}

/** Before a first list, a filter that is refused hides nothing. */
async function loadUnfiltered() {
  const { traces, ...totals } = await source.summaries("");
  change({ traces: new Map(traces.map((summary) => [summary.id, summary])), totals, server: totals.server, isLoaded: true });
}

let listed = null;

/** Traces that have changed, or gone (null). */
function take(arrived) {
  if (state.isPaused) {
    change({ waiting: new Map([...state.waiting, ...arrived]) });
    return;
  }
  const traces = new Map(state.traces);
  for (const [id, summary] of arrived) {
    if (summary) traces.set(id, summary);
    else traces.delete(id);
  }
  // With a filter only the server knows how many there are; it is asked below.
  const total = state.filter ? Math.max(state.totals.total, traces.size) : traces.size;
  change({ traces, totals: { ...state.totals, total, matched: traces.size } });
  refreshShown(arrived);
  refreshTotals();
}

/** Hold the list as it is, or show what has arrived since. */
export function pause(isPaused) {
  const { waiting } = state;
  change({ isPaused, waiting: new Map() });
  if (!isPaused) take(waiting);
}

function refreshShown(summaries) {
  const { tree, other, route } = state;
  const isOld = (shown) => shown && (summaries.get(shown.summary.id)?.revision ?? 0) > shown.summary.revision;
  if (isOld(tree) || route.trace && !tree && summaries.get(route.trace)) refreshTrace();
  if (isOld(other)) refreshOther();
  if (route.view === "map") refreshGraph();
}

/** Compared is with the one that is most like it, until another is chosen. */
function choosePartner() {
  const { route, tree, traces } = state;
  if (route.view !== "compare" || !route.trace || route.with) return;
  const own = traces.get(route.trace) ?? tree?.summary;
  const found = own && counterpart(own, traces.values());
  if (found) go({ with: found }, { quietly: true });
}

/** With nothing asked for, the newest trace is shown, and stays. */
function chooseFirst() {
  if (state.route.trace || state.route.scope === "all") return;
  const [newest] = newestFirst();
  if (newest) go({ trace: newest.id }, { quietly: true });
}

function follow() {
  const { route, tree, other } = state;
  if (!route.trace) change({ tree: null, missing: "" });
  else if (tree?.summary.id !== route.trace) {
    change({ tree: null, missing: "", found: { text: "", ids: [], at: -1 }, folds: { closed: new Set(), opened: new Set() } });
    loadTrace();
  }
  if (route.view === "compare" && route.with && other?.summary.id !== route.with) loadOther();
  if (route.view === "map" && (route.scope === "all" || !route.trace) && !state.graph) loadGraph();
}

async function loadTrace() {
  const id = state.route.trace;
  if (!id) return;
  try {
    const answer = await source.trace(id);
    const isNewer = state.tree?.summary.id !== id || answer.summary.revision >= state.tree.summary.revision;
    if (state.route.trace === id && isNewer) change({ tree: new Tree(answer), missing: "" });
  } catch (error) {
    if (state.route.trace !== id) return;
    if (error.status === 404) change({ tree: null, missing: error.message });
    else if (!state.tree) change({ missing: error.message });
  }
}

async function loadOther() {
  const id = state.route.with;
  if (!id) return;
  try {
    const answer = await source.trace(id);
    if (state.route.with === id) change({ other: new Tree(answer) });
  } catch {
    if (state.route.with === id) change({ other: null });
  }
}

async function loadGraph() {
  const { filter } = state;
  try {
    const graph = await source.graph(state.filterError ? "" : filter);
    if (filter === state.filter) change({ graph });
  } catch {
    // The next change of a trace, or the connection restored, asks again.
  }
}

/** How many there are, which events do not say. */
async function loadTotals() {
  try {
    const { traces: _, ...totals } = await source.summaries(state.filter, state.totals.revision);
    change({ totals, server: totals.server });
  } catch {
    // As above.
  }
}

const refreshTrace = throttled(PAUSE_MS, loadTrace);
const refreshOther = throttled(PAUSE_MS, loadOther);
const refreshGraph = throttled(GRAPH_PAUSE_MS, loadGraph);
const refreshTotals = throttled(GRAPH_PAUSE_MS, loadTotals);

/** `load`, but no more often than once in `pauseMs`; of what is asked meanwhile nothing is forgotten. */
function throttled(pauseMs, load) {
  let timer = 0;
  let last = -Infinity;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      last = performance.now();
      load();
    }, Math.max(0, last + pauseMs - performance.now()));
  };
}

export async function clearTraces() {
  await source.clear();
  change({ traces: new Map(), waiting: new Map(), graph: null });
  go({ trace: null, node: null, with: null });
}

/** Traces of a file; what the server says about them. */
export const openFile = (file) => source.open(file);
