// What `lambda-tracer invoke` knows of an invocation beside its trace: event, result, log and the REPORT line.

import { line, mapping } from "./format.js";
import { longText, valueView } from "./json_view.js";
import { linked } from "./log_lines.js";

/** Sections for the details; with several invocations each says which request it is. A log's ids lead to `entries`. */
export function invocationSections(invocations, entries, jump) {
  const logView = (text) => {
    const shape = (part) => linked(part, entries, jump);
    return longText(text, shape, "text", shape);
  };
  return invocations.flatMap((invocation, at) => {
    const which = invocations.length > 1 ? `, request ${line(invocation.request_id).slice(0, 8)}` : "";
    const section = (name, title, text, view = longText, isFolded = false) => text && {
      key: `${name} ${at}`, title: `${title}${which}`, data: [text, view === logView && entries.size], view: () => view(text), copy: () => text, isFolded,
    };
    return [
      section("result", invocation.failed ? "Result: the function failed" : "Result", invocation.result, resultView),
      section("report", "Report", invocation.report, (text) => longText(text.replaceAll("\t", "\n").trim())),
      section("log", "Log", invocation.log, logView),
      section("event", "Event", invocation.event, jsonOrText, true),
    ].filter(Boolean);
  });
}

/** Lambda's form of an error reads as an error. */
function resultView(text) {
  const { errorType, errorMessage, stackTrace } = mapping(parsedOr(text, null));
  if (typeof errorType !== "string" || !Array.isArray(stackTrace)) return jsonOrText(text);
  return longText(`${errorType}: ${errorMessage}\n\n${stackTrace.join("")}`.trim());
}

function parsedOr(text, otherwise) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function jsonOrText(text) {
  const value = parsedOr(text, undefined);
  return value === undefined ? longText(text) : valueView(value);
}
