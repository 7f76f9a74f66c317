// What the page knows and shows, in one place. Whoever shows some of it is told when that has changed.

/** The start of it: see `main.js` for who changes what. */
export const state = {
  /** Is there a server? If not, everything there is came with the page. */
  isLive: false,
  connection: "connecting",  // "live", "lost", "paused", "file"
  /** Summaries by id. */
  traces: new Map(),
  /** What arrived while the list was paused, by id; null where a trace has gone. */
  waiting: new Map(),
  isPaused: false,
  totals: { total: 0, matched: 0, dropped: 0, bytes: 0, limits: null },
  server: null,
  isLoaded: false,
  filter: "",
  filterError: "",
  route: { trace: null, node: null, view: "timeline", with: null, scope: "trace" },
  /** The trace of the route: its answer from the server and the tree made of it; or why there is none. */
  answer: null,
  tree: null,
  missing: "",
  other: null,  // the tree to compare with
  graph: null,  // of all traces
  /** Subsegments whose children are not shown, and groups of equal siblings that are shown one by one. */
  folds: { closed: new Set(), opened: new Set() },
  found: { text: "", ids: [], at: -1 },
  /** The part of the time that is shown, in seconds from the start of the trace; null for all of it. */
  zoom: null,
  showsCriticalPath: true,
};

const listeners = [];
let changed = null;

/** `listener` is called when one of `keys` has changed, after everything of that moment has. */
export function onChange(keys, listener) {
  listeners.push([new Set(keys), listener]);
}

/** Change some of it. */
export function change(values) {
  Object.assign(state, values);
  if (!changed) {
    changed = new Set();
    queueMicrotask(tell);
  }
  for (const key of Object.keys(values)) changed.add(key);
}

function tell() {
  const keys = changed;
  changed = null;
  for (const [wanted, listener] of listeners) if (!wanted.isDisjointFrom(keys)) listener(keys);
}
