// The lines of an invocation's log, and the subsegments whose ids stand in them.

import { h } from "./dom.js";
import { clean, line, mapping } from "./format.js";

/** An id of a subsegment; no part of a longer number, as the id of a trace is. */
const ID = /(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])/g;

const TRACEBACK = "Traceback (most recent call last):";

/** So many ids of a log can be followed. */
const MAX_LINKS = 2000;

/** By the id of a subsegment the lines that name it: in `span_id`, if they are JSON that has it, or anywhere. */
export function linesByNode(logs, entries) {
  const found = new Map();
  for (const log of logs) {
    let named = [];
    let isTraceback = false;
    for (const each of log.split("\n")) {
      const ids = idsIn(each).filter((id) => entries.has(id));
      const goesOn = !ids.length && (/^\s+\S/.test(each) || each.startsWith(TRACEBACK) || isTraceback);
      isTraceback = !ids.length && (each.startsWith(TRACEBACK) || isTraceback && /^\s/.test(each));
      if (!goesOn) named = [...new Set(ids)];
      for (const id of named) {
        if (!found.has(id)) found.set(id, []);
        found.get(id).push(each);
      }
    }
  }
  return found;
}

function idsIn(text) {
  if (text.startsWith("{")) {
    try {
      const { span_id: id, lambda_tracer: told } = mapping(JSON.parse(text));
      if (typeof id === "string") return [id];
      // It names every subsegment of the trace, and is what they were read from.
      if (told === "kept") return [];
    } catch {
      // a text that begins so
    }
  }
  return text.match(ID) ?? [];
}

/** The pieces of a log, in which each id of a subsegment leads to it. */
export function linked(text, entries, jump) {
  const pieces = [];
  let [done, links] = [0, 0];
  for (const { 0: id, index } of text.matchAll(ID)) {
    const entry = entries.get(id);
    if (!entry) continue;
    if (++links > MAX_LINKS) break;
    const name = line(entry.node.name);
    pieces.push(clean(text.slice(done, index)), h("button", {
      type: "button", class: "link", title: name, "aria-label": `${id}, ${name}`, click: () => jump(id),
    }, id));
    done = index + id.length;
  }
  pieces.push(clean(text.slice(done)));
  return pieces;
}
