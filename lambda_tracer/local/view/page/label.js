// What stands beside the name of a subsegment: what went wrong in words, and what the call was about.

import { h } from "./dom.js";
import { line, mapping } from "./format.js";

/** What a call to AWS may be about, in our and the X-Ray SDK's names, the most telling first. */
const RESOURCES = [
  "table_name", "topic_arn", "target_arn", "function_name", "state_machine_arn", "event_bus_name", "stream_name",
  "delivery_stream_name", "model_id", "secret_id", "queue_name", "name", "rule",
];

/** Words for what a summary or a node says of itself: `[word, kind]`. A throttled call is an error as well: one word. */
export function flagsOf(it) {
  return [
    it.kept?.length && [`kept, not sampled: ${line(it.kept[0].word)}`, "kept"],
    it.fault && ["fault", "fault"],
    it.throttle && ["throttle", "error"],
    it.error && !it.throttle && ["error", "error"],
    it.cold_start && ["cold start", "cold"],
    it.in_progress && ["in progress", "progress"],
    it.kind === "missing" && ["not received", "missing"],
    it.root_missing && ["root not received", "missing"],
  ].filter(Boolean);
}

/** The same as elements. */
export const flagElements = (it) => flagsOf(it).map(([word, kind]) => h("span", { class: `flag ${kind}` }, word));

/** What an HTTP exchange, a call to AWS or a query was about, in a few words; empty if nothing is known. */
export function about(node) {
  const { document } = node;
  const aws = mapping(document.aws);
  const words = [node.origin];
  if (aws.operation) words.push(aws.operation, resource(aws));
  words.push(exchange(document));
  const database = mapping(document.sql).database_type;
  if (database !== document.name) words.push(database);
  return words.filter(Boolean).map(line).join("  ");
}

function exchange(document) {
  const request = mapping(mapping(document.http).request);
  const status = mapping(mapping(document.http).response).status ?? null;
  const route = document.http ? mapping(document.annotations).Route : null;
  if (typeof route === "string") return status === null ? route : `${route} → ${line(status)}`;
  return [request.method, status === null ? "" : line(status)].filter(Boolean).map(line).join(" ");
}

function resource(aws) {
  if (typeof aws.bucket_name === "string") return [aws.bucket_name, aws.key].filter((part) => part).map(line).join("/");
  if (typeof aws.queue_url === "string") return aws.queue_url.split("/").at(-1);
  const value = RESOURCES.map((key) => aws[key]).find((found) => typeof found === "string" && found);
  if (value) {
    // Of an ARN, what follows the account; of a function's, without `function:`.
    const short = value.startsWith("arn:") ? value.split(":").slice(5).join(":") || value : value;
    return short.replace(/^(function:|stateMachine:|table\/)/, "");
  }
  const tables = Array.isArray(aws.table_names) ? aws.table_names : [];
  return tables.length > 1 ? `${line(tables[0])} and ${tables.length - 1} more` : tables.map(line).join("");
}
