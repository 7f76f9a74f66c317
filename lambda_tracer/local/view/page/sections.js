// The sections of the details of one subsegment: what its document has, each kind in a shape of its own.

import { copyButton, h } from "./dom.js";
import { clean, line, mapping } from "./format.js";
import { exceptionsView } from "./exceptions.js";
import { longText, valueView } from "./json_view.js";

/** Keys of a document that are shown elsewhere: in the head, or in sections of their own. */
const SHOWN_ELSEWHERE = new Set([
  "id", "name", "start_time", "end_time", "in_progress", "fault", "error", "throttle", "trace_id", "parent_id", "type",
  "namespace", "origin", "annotations", "metadata", "cause", "http", "sql", "aws", "subsegments",
]);

/** Sections as `{key, title, data, view, copy}`: drawn anew where `data` has changed. */
export function sectionsOf(document, recordedIn, jump) {
  const sections = [];
  const add = (key, title, data, view, copy = null) => sections.push({ key, title, data, view, copy });
  const { cause } = document;
  if (cause && (typeof cause === "string" || typeof cause === "object")) {
    add("exceptions", "Exceptions", cause, () => exceptionsView(cause, recordedIn, jump));
  }
  addPairs(add, "annotations", "Annotations", mapping(document.annotations));
  const http = mapping(document.http);
  const { request, response } = { request: mapping(http.request), response: mapping(http.response) };
  if (document.http) add("http", "HTTP", http, () => httpView(request, response));
  const sql = mapping(document.sql);
  if (document.sql) add("sql", "SQL", sql, () => sqlView(sql), sql.sanitized_query ? () => String(sql.sanitized_query) : null);
  addPairs(add, "aws", "AWS", mapping(document.aws));
  for (const [namespace, values] of Object.entries(mapping(document.metadata))) {
    add(`metadata ${namespace}`, `Metadata: ${line(namespace)}`, values, () => metadataView(values),
      () => JSON.stringify(values, null, 2));
  }
  const others = Object.fromEntries(Object.entries(document).filter(([key]) => !SHOWN_ELSEWHERE.has(key)));
  addPairs(add, "others", "Other fields", others);
  return sections;
}

function addPairs(add, key, title, values) {
  if (!Object.keys(values).length) return;
  add(key, title, values, () => pairs(Object.entries(values)), () => JSON.stringify(values, null, 2));
}

/** A table of names and values, each with a way to copy it. */
export function pairs(entries) {
  const rows = entries.filter(([, value]) => value !== undefined).map(([key, value]) => h("div", { class: "pair" },
    h("dt", null, line(key)),
    h("dd", null, valueView(value), copyButton(line(key), () => (typeof value === "string" ? value : JSON.stringify(value))))));
  return h("dl", { class: "pairs" }, rows);
}

function httpView(request, response) {
  const { method, url, ...asked } = request;
  const { status, ...answered } = response;
  const kind = status >= 500 ? "fault" : status >= 400 ? "error" : "fine";
  return h("div", null,
    h("p", { class: "exchange" }, method ? h("strong", null, line(method)) : null, " ", h("span", null, line(url ?? "")),
      status === undefined ? null : h("span", { class: `flag ${kind}` }, line(status))),
    pairs([...Object.entries(asked), ...Object.entries(answered)]));
}

function sqlView(sql) {
  const { sanitized_query: query, ...others } = sql;
  return h("div", null, query ? longText(clean(String(query))) : null, pairs(Object.entries(others)));
}

function metadataView(values) {
  if (values === null || typeof values !== "object" || Array.isArray(values)) return valueView(values);
  return h("div", { class: "metadata" }, Object.entries(values).map(([key, value]) => h("div", { class: "value" },
    h("div", { class: "value-key" }, h("span", null, line(key)),
      copyButton(line(key), () => (typeof value === "string" ? value : JSON.stringify(value, null, 2)))),
    valueView(value))));
}
