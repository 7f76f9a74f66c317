// Finds subsegments of the shown trace by any text in them: a browser's own search sees only the rows that are in sight.

import { byId, setText } from "./dom.js";
import { grouped } from "./format.js";
import { change, onChange, state } from "./store.js";
import { focusWaterfall, jump } from "./waterfall.js";
import { go } from "./url.js";

const PAUSE_MS = 120;

let texts = new WeakMap();
let timer = 0;

export function startFind() {
  const box = byId("find");
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => find(box.value), PAUSE_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(timer);
      if (box.value !== state.found.text) find(box.value);
      stepFound(event.shiftKey ? -1 : 1, { keepsFocus: true });
    } else if (event.key === "Escape") {
      event.stopPropagation();
      box.value = "";
      find("");
      focusWaterfall();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      focusWaterfall();
    }
  });
  onChange(["found", "tree"], () => {
    const { text, ids, at } = state.found;
    if (!text && document.activeElement !== box) box.value = "";
    setText(byId("find-count"), text ? ids.length ? `${grouped(at + 1)} of ${grouped(ids.length)}` : "none" : "");
  });
  onChange(["tree"], () => {
    if (state.found.text && state.tree) change({ found: { ...state.found, ids: matches(state.found.text) } });
  });
}

function find(text) {
  const ids = text && state.tree ? matches(text) : [];
  const at = state.route.node ? Math.max(ids.indexOf(state.route.node) - 1, -1) : -1;
  change({ found: { text, ids, at } });
}

function matches(text) {
  const wanted = text.toLowerCase();
  const ids = [];
  for (const entry of state.tree.inOrder()) if (textOf(entry.node).includes(wanted)) ids.push(entry.id);
  return ids;
}

function textOf(node) {
  let text = texts.get(node);
  if (text === undefined) {
    text = `${node.name}\n${node.service}\n${node.kind === "missing" ? "" : JSON.stringify(node.document)}`.toLowerCase();
    texts.set(node, text);
  }
  return text;
}

/** Go to the next or previous of what was found. */
export function stepFound(step, { keepsFocus = false } = {}) {
  const { ids, at, text } = state.found;
  if (!ids.length) return;
  const next = at < 0 && step < 0 ? ids.length - 1 : (at + step + ids.length) % ids.length;
  change({ found: { text, ids, at: next } });
  if (keepsFocus) go({ node: ids[next] }, { quietly: true });
  else jump(ids[next]);
}
