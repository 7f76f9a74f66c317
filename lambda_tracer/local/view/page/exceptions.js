// The exceptions of a subsegment, each before what it was raised from, with their stacks.

import { copyButton, h } from "./dom.js";
import { counted, line, mapping } from "./format.js";
import { longText } from "./json_view.js";

const FRAMES_SHOWN = 8;

/** `cause` of a document; `recordedIn(id)` gives the entry that an exception is recorded in, `jump` goes there. */
export function exceptionsView(cause, recordedIn, jump) {
  if (typeof cause === "string") return reference(cause, recordedIn, jump);
  const exceptions = Array.isArray(cause.exceptions) ? cause.exceptions.map(mapping) : [];
  const parts = [];
  let caused = null;
  for (const exception of chained(exceptions)) {
    parts.push(exceptionView(exception, caused === exception.id && caused !== undefined));
    caused = exception.cause ?? null;
  }
  if (cause.message) parts.push(longText(String(cause.message)));
  if (cause.working_directory) parts.push(h("p", { class: "dim" }, "Working directory: ", h("code", null, line(cause.working_directory))));
  return h("div", { class: "exceptions" }, parts);
}

function reference(id, recordedIn, jump) {
  const entry = recordedIn(id);
  if (!entry) return h("p", { class: "dim" }, `Recorded elsewhere, as exception ${line(id)}.`);
  const button = h("button", { type: "button", class: "link", click: () => jump(entry.id) }, line(entry.node.name));
  return h("p", null, "Raised below, in ", button, ".");
}

/** In order of the chain: what was raised last is first, what caused it follows. */
function chained(exceptions) {
  const causes = new Set(exceptions.map((exception) => exception.cause).filter(Boolean));
  const byId = new Map(exceptions.map((exception) => [exception.id, exception]));
  const ordered = new Set();
  for (const first of exceptions.filter((exception) => !causes.has(exception.id))) {
    for (let at = first; at && !ordered.has(at); at = byId.get(at.cause)) ordered.add(at);
  }
  for (const exception of exceptions) ordered.add(exception);
  return [...ordered];
}

function exceptionView(exception, isCause) {
  const stack = Array.isArray(exception.stack) ? exception.stack.map(mapping) : [];
  const left = Number(exception.truncated) > 0 ? `, ${counted(Number(exception.truncated), "frame")} left out` : "";
  const frames = stack.map((frame, at) => h("li", { hidden: at < stack.length - FRAMES_SHOWN },
    h("span", { class: "place" }, line(`${frame.path ?? "?"}:${frame.line ?? "?"}`)), " ",
    h("span", { class: "dim" }, line(frame.label ?? ""))));
  const list = h("ol", { class: "stack" }, frames);
  const hidden = Math.max(0, stack.length - FRAMES_SHOWN);
  const more = hidden > 0 && h("button", {
    type: "button", class: "more", click: () => {
      for (const frame of frames) frame.hidden = false;
      more.remove();
    },
  }, `Show ${counted(hidden, "more frame")}`);
  return h("div", { class: "exception" },
    isCause && h("p", { class: "dim caused" }, "caused by"),
    h("div", { class: "exception-head" }, h("strong", null, line(exception.type ?? "Exception")),
      exception.remote ? h("span", { class: "flag" }, "remote") : null,
      copyButton("the exception", () => asText(exception, stack))),
    exception.message ? longText(String(exception.message)) : null,
    more, stack.length ? list : null,
    left && h("p", { class: "dim" }, `Frames${left}.`));
}

function asText(exception, stack) {
  const frames = stack.map((frame) => `  ${frame.path}:${frame.line} ${frame.label ?? ""}`);
  return [`${exception.type ?? "Exception"}: ${exception.message ?? ""}`, ...frames].join("\n");
}

/** Where each exception of a trace is recorded, by its id. */
export function exceptionPlaces(tree) {
  const places = new Map();
  for (const entry of tree.entries.values()) {
    const { cause } = entry.node.document;
    if (!cause || !Array.isArray(cause.exceptions)) continue;
    for (const exception of cause.exceptions) if (exception?.id) places.set(exception.id, entry);
  }
  return places;
}
