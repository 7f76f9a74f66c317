// Keys that work everywhere but where text is written; those of rows are with the rows.

import { byId, h, replace, say } from "./dom.js";
import { remember, remembered, togglePause } from "./controls.js";
import { stepFound } from "./find.js";
import { stepTrace } from "./list.js";
import { zoomOn } from "./minimap.js";
import { change, state } from "./store.js";
import { go } from "./url.js";
import { foldAll, focusWaterfall, jump, nextFault } from "./waterfall.js";

const KEYS = [
  ["Trace", [
    ["n", "next fault or error", () => fault(1)],
    ["N", "previous fault or error", () => fault(-1)],
    ["/", "find in this trace", () => enter("find")],
    [".", "next of what was found", () => inTimeline(() => stepFound(1))],
    [",", "previous of what was found", () => inTimeline(() => stepFound(-1))],
    ["z", "show the time of the subsegment only", zoom],
    ["Z", "show all the time", () => change({ zoom: null })],
    ["c", "critical path on or off", () => change({ showsCriticalPath: !state.showsCriticalPath })],
    ["+", "open everything", () => state.tree && inTimeline(() => foldAll(false))],
    ["-", "fold everything", () => state.tree && inTimeline(() => foldAll(true))],
  ]],
  ["Traces", [
    ["j", "next trace", () => stepTrace(1)],
    ["k", "previous trace", () => stepTrace(-1)],
    ["f", "filter traces", () => enter("filter")],
    ["p", "pause or resume", togglePause],
  ]],
  ["View", [
    ["1", "timeline", () => go({ view: "timeline" })],
    ["2", "map", () => go({ view: "map" })],
    ["3", "compare", () => go({ view: "compare" })],
    ["?", "these keys", showHelp],
  ]],
];

const IN_ROWS = [
  ["↑ ↓", "row above, below"],
  ["→ ←", "open or go in, fold or go out"],
  ["Home End", "first, last row"],
  ["Page ↑ ↓", "15 rows at once"],
  ["Space", "open or fold"],
  ["Enter", "to the details"],
  ["Esc", "back to the rows, and to the whole trace"],
];

const ACTIONS = new Map(KEYS.flatMap(([, keys]) => keys.map(([key, , action]) => [key, action])));

let isOn = true;

export function startKeyboard() {
  isOn = remembered("keys") !== "off";
  addEventListener("keydown", onKey);
  byId("help").addEventListener("click", showHelp);
  const dialog = byId("keys");
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  byId("keys-on").checked = isOn;
  byId("keys-on").addEventListener("change", ({ target }) => {
    isOn = target.checked;
    remember("keys", isOn ? "on" : "off");
  });
  const table = (title, keys) => h("section", null, h("h3", null, title), h("dl", null, keys.map(([key, told]) => h("div", null,
    h("dt", null, key.split(" ").map((each) => [h("kbd", null, each), " "])), h("dd", null, told)))));
  replace(byId("keys-tables"), KEYS.map(([title, keys]) => table(title, keys)), table("In the rows", IN_ROWS));
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const isWriting = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") return escape(isWriting ? event.target : null);
  if (isWriting || !isOn) return;
  const action = ACTIONS.get(event.key);
  if (!action) return;
  event.preventDefault();
  action();
}

/** Out of the details to the rows; from the rows to the trace as a whole. */
function escape(field) {
  if (field) field.blur();
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (byId("details").contains(document.activeElement)) focusWaterfall();
  else if (state.route.node && state.route.view === "timeline") go({ node: null });
}

function showHelp() {
  byId("keys").showModal();
}

function enter(id) {
  if (id === "find") go({ view: "timeline" });
  const box = byId(id);
  queueMicrotask(() => {
    box.focus();
    box.select();
  });
}

function inTimeline(action) {
  if (state.route.view !== "timeline") go({ view: "timeline" });
  action();
}

/** The next subsegment in which something went wrong, or the previous one. */
export function fault(step) {
  if (!state.tree) return;
  const id = nextFault(step);
  if (!id) say("Nothing went wrong in this trace");
  else inTimeline(() => jump(id));
}

function zoom() {
  const entry = state.tree?.entries.get(state.route.node);
  if (entry) zoomOn(state.tree, entry);
}
