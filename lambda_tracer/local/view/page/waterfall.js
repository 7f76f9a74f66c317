// The waterfall: a treegrid whose rows are the subsegments of a trace.

import { drawAxis, shown } from "./axis.js";
import { byId, setAttribute } from "./dom.js";
import { Rows } from "./rows.js";
import { change, onChange, state } from "./store.js";
import { isFaulty, revealing, visibleRows } from "./tree.js";
import { go } from "./url.js";
import { createRow, updateRow } from "./waterfall_row.js";

const PAGE_ROWS = 15;

let rows = null;
let tabStop = null;
let hasMoved = false;

export function startWaterfall() {
  const grid = byId("waterfall");
  rows = new Rows({
    viewport: grid,
    body: byId("waterfall-rows"),
    create: createRow,
    update: (element, row, at) => updateRow(element, row, at, view()),
  });
  grid.addEventListener("click", onClick);
  grid.addEventListener("dblclick", (event) => toggle(keyAt(event)));
  grid.addEventListener("keydown", onKey);
  new ResizeObserver(() => state.tree && drawTime()).observe(byId("waterfall-axis"));
  onChange(["tree", "folds"], draw);
  onChange(["zoom", "found", "showsCriticalPath"], () => {
    if (!state.tree) return;
    drawTime();
    rows.refresh();
  });
  onChange(["route"], () => {
    if (state.route.node !== tabStop) showSelected();
    else if (state.tree) mark();
  });
}

let marked = [];

/** Bring the rows up to date that are, or were, selected or reached by the Tab key. */
function mark() {
  const now = [state.route.node, tabStop];
  rows.touch(...marked, ...now);
  marked = now;
}

let found = { of: null, ids: new Set() };

function view() {
  if (found.of !== state.found) found = { of: state.found, ids: new Set(state.found.ids) };
  return {
    tree: state.tree, range: shown(state.tree), selected: state.route.node, tabStop,
    found: found.ids, showsPath: state.showsCriticalPath,
  };
}

function draw() {
  const { tree, folds } = state;
  if (!tree) return rows.set([]);
  const items = visibleRows(tree, folds);
  if (!items.some((row) => row.key === tabStop)) tabStop = state.route.node ?? items[0]?.key ?? null;
  setAttribute(byId("waterfall"), "aria-rowcount", items.length + 1);
  drawTime();
  rows.set(items);
  if (state.route.node && rows.place(state.route.node) < 0) showSelected();
}

function drawTime() {
  drawAxis(byId("waterfall-axis"), byId("waterfall-grid"), shown(state.tree));
}

/** The selected subsegment is in sight, whatever is folded above it. */
function showSelected() {
  const { tree, route, folds } = state;
  if (!tree) return;
  const id = route.node;
  if (id && tree.entries.has(id)) {
    const open = revealing(tree, folds, id);
    if (open !== folds) {
      change({ folds: open });
      rows.set(visibleRows(tree, open));
    }
    tabStop = id;
    mark();
    rows.show(id, headHeight());
    if (hasMoved) rows.focus(id, headHeight());
  } else {
    mark();
  }
  hasMoved = false;
}

const headHeight = () => byId("waterfall-head").offsetHeight;

const keyAt = (event) => event.target.closest("[role=row]")?.dataset.key ?? null;

function onClick(event) {
  const key = keyAt(event);
  if (!key) return;
  if (event.target.closest(".twisty")) toggle(key);
  else select(key);
}

/** Select a row and focus it; a group of equal siblings has nothing to say of itself and is opened. */
export function select(key, { quietly = false } = {}) {
  tabStop = key;
  const row = rows.items[rows.place(key)];
  mark();
  rows.focus(key, headHeight());
  if (row?.group && !quietly) toggle(key);
  else if (row && !row.group && state.route.node !== key) go({ node: key }, { quietly });
}

function toggle(key) {
  const row = rows.items[rows.place(key)];
  if (!row || row.isOpen === null) return;
  const folds = { closed: new Set(state.folds.closed), opened: new Set(state.folds.opened) };
  if (row.group) flip(folds.opened, key);
  else flip(folds.closed, key);
  tabStop = key;
  change({ folds });
}

function flip(set, key) {
  if (!set.delete(key)) set.add(key);
}

/** Fold everything, or nothing. */
export function foldAll(isClosed) {
  const closed = new Set();
  if (isClosed) for (const entry of state.tree.inOrder()) if (entry.children.length) closed.add(entry.id);
  change({ folds: { closed, opened: new Set() } });
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const key = keyAt(event);
  const at = rows.place(key);
  if (at < 0) return;
  const row = rows.items[at];
  const moves = {
    ArrowDown: () => at + 1,
    ArrowUp: () => at - 1,
    PageDown: () => at + PAGE_ROWS,
    PageUp: () => at - PAGE_ROWS,
    Home: () => 0,
    End: () => rows.items.length - 1,
    ArrowRight: () => (row.isOpen === false ? toggle(key) : row.isOpen ? at + 1 : null),
    ArrowLeft: () => (row.isOpen ? toggle(key) : parentPlace(at)),
    " ": () => toggle(key),
    Enter: () => (row.group ? toggle(key) : byId("details").focus()),
  };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  const next = move();
  if (typeof next === "number") {
    select(rows.items[Math.max(0, Math.min(next, rows.items.length - 1))].key, { quietly: true });
  }
}

function parentPlace(at) {
  const { level } = rows.items[at];
  for (let above = at - 1; above >= 0; above--) if (rows.items[above].level < level) return above;
  return at;
}

/** Focus the row that the Tab key would. */
export function focusWaterfall() {
  if (tabStop) rows.focus(tabStop, headHeight());
}

/** Go to another subsegment and focus its row, wherever it is folded away. */
export function jump(id) {
  hasMoved = true;
  if (state.route.node === id) showSelected();
  else go({ node: id });
}

/** The next or previous subsegment in which something went wrong; null if there is none. */
export function nextFault(step) {
  const faulty = [];
  let passed = 0;
  let isPassed = false;
  for (const entry of state.tree.inOrder()) {
    if (entry.id === state.route.node) {
      isPassed = true;
      passed = faulty.length;
      if (isFaulty(entry.node)) faulty.push(entry.id);
    } else if (isFaulty(entry.node)) {
      faulty.push(entry.id);
    }
  }
  if (!faulty.length) return null;
  const isOnOne = faulty[passed] === state.route.node && isPassed;
  const at = step > 0 ? passed + (isOnOne ? 1 : 0) : passed - 1;
  return faulty[(at + faulty.length) % faulty.length];
}
