// X-Ray's filter language, as far as the box can suggest how to go on.

import { line } from "./format.js";

const TEXT = ["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"];
const NUMBER = [">", ">=", "<", "<=", "=", "!="];

/** Keywords with what they ask, and the operators that may follow. */
const KEYWORDS = [
  ["fault", "a fault, as by a status of 5xx", []],
  ["error", "an error, as by a status of 4xx", []],
  ["throttle", "throttled, as by a status of 429", []],
  ["ok", "none of these", []],
  ["partial", "not all of it has arrived", []],
  ["duration", "seconds, until everything had ended", NUMBER],
  ["responsetime", "seconds, until the answer", NUMBER],
  ["annotation.", "a key of yours: annotation.Order", TEXT],
  ["http.status", "of the answer", NUMBER],
  ["http.url", "of the request", TEXT],
  ["http.method", "GET, POST, …", TEXT],
  ["http.useragent", "of the request", TEXT],
  ["http.clientip", "of the request", TEXT],
  ["user", "of a segment", TEXT],
  ["service(", "goes through a service: service(\"name\") { fault }", []],
  ["edge(", "one service calls another: edge(\"a\", \"b\")", []],
  ["id(", "a service by name and type: id(name: \"a\", type: \"AWS::Lambda\")", []],
];

const JOINS = [["AND", "both"], ["OR", "one of them"]];

export const EXAMPLES = ["fault", "duration > 1", "annotation.ColdStart = true", "service(\"payment\") { fault }", "http.status >= 400"];

/** What is being written at the end of `before`, and what has been written in front of it. */
function split(before) {
  const word = /(?:[A-Za-z][\w.]*|[=!<>]+|"[^"]*)?$/.exec(before)[0];
  return { word, front: before.slice(0, before.length - word.length).trimEnd() };
}

/**
 * Suggestions for the text before the caret: `{text, told, from}`, to be put in from place `from` on.
 * `known`: `{annotations: Map of key to values, services: names}` of the traces at hand.
 */
export function suggestions(before, known) {
  const { word, front } = split(before);
  const from = before.length - word.length;
  const fits = ([text]) => text.toLowerCase().startsWith(word.toLowerCase()) && text.toLowerCase() !== word.toLowerCase();
  return candidates(front, word, known).filter(fits).slice(0, 12).map(([text, told]) => ({ text, told, from }));
}

function candidates(front, word, known) {
  if ((front.match(/"/g) ?? []).length % 2) return [];
  const last = /(annotation\.\w+|annotation\[[^\]]*\]|[A-Za-z.]+|"[^"]*"|[=!<>]+|[^\s"])$/.exec(front)?.[0] ?? "";
  if (/\b(service|edge)\($/.test(front) || /\bedge\([^)]*,$/.test(front)) return known.services.map((name) => [quoted(name), "a service"]);
  const operator = /(annotation\.\w+|[a-z.]+)\s*(?:=|!=|CONTAINS|BEGINSWITH|ENDSWITH)$/i.exec(front);
  if (operator) return values(operator[1], known);
  const keyword = last.startsWith("annotation.") ? [last, "", TEXT] : KEYWORDS.find(([name]) => name === last);
  if (keyword?.[2].length) return keyword[2].map((text) => [text, ""]);
  const isEnded = front && !/(\b(AND|OR)|[(!{])$/.test(front);
  const keywords = [
    ...KEYWORDS.filter(([name]) => name !== "annotation." || !known.annotations.size || !word.startsWith("annotation.")),
    ...[...known.annotations.keys()].map((key) => [`annotation.${key}`, "an annotation"]),
  ];
  return isEnded ? JOINS.concat(word ? keywords : []) : keywords;
}

function values(keyword, known) {
  if (keyword.toLowerCase() === "http.method") return ["GET", "POST", "PUT", "DELETE"].map((text) => [quoted(text), ""]);
  const found = known.annotations.get(keyword.replace(/^annotation\./, "")) ?? new Set();
  return [...found].map((value) => [typeof value === "string" ? quoted(value) : String(value), "seen"]);
}

const quoted = (text) => `"${line(text).replaceAll("\\", "\\\\").replaceAll("\"", "\\\"")}"`;

const VALUES_KEPT = 20;

/** Keys and values of annotations, and services, of some summaries. */
export function knownWords(summaries) {
  const annotations = new Map();
  const services = new Set();
  for (const summary of summaries) {
    for (const name of summary.services ?? []) services.add(name);
    for (const [key, all] of Object.entries(summary.annotations ?? {})) {
      const kept = annotations.get(key) ?? new Set();
      for (const value of [all].flat()) if (kept.size < VALUES_KEPT) kept.add(value);
      annotations.set(key, kept);
    }
  }
  return { annotations, services: [...services].sort() };
}
