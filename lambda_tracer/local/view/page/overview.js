// What stands above the rows: which trace this is. And what is said in its place, while there is none.

import { byId, copyButton, h, replace, setText } from "./dom.js";
import { counted, dateTime, duration, grouped, line } from "./format.js";
import { applyFilter } from "./filter_box.js";
import { EXAMPLES } from "./filter_words.js";
import { flagElements } from "./label.js";
import { onChange, state } from "./store.js";
import { isFaulty } from "./tree.js";

export function startOverview() {
  onChange(["tree"], drawHead);
  onChange(["tree", "missing", "traces", "isLoaded", "filter", "server", "route", "connection"], drawEmpty);
  onChange(["tree", "route", "traces"], drawTitle);
}

function drawHead() {
  const { tree } = state;
  byId("trace-head").hidden = !tree;
  if (!tree) return;
  const { summary } = tree;
  setText(byId("trace-name"), line(summary.name));
  replace(byId("trace-flags"), flagElements(summary));
  const facts = [summary.in_progress ? "" : duration(summary.duration), dateTime(summary.start), counted(summary.subsegments, "subsegment")];
  setText(byId("trace-facts"), facts.filter(Boolean).join("  ·  "));
  let [faults, errors] = [0, 0];
  for (const { node } of tree.entries.values()) {
    if (node.fault) faults++;
    else if (isFaulty(node)) errors++;
  }
  const faulty = faults + errors;
  for (const id of ["fault-next", "fault-before"]) byId(id).disabled = !faulty;
  setText(byId("fault-count"), errors ? faults ? `${grouped(faulty)} faults, errors` : counted(errors, "error") : faults ? counted(faults, "fault") : "no faults");
  setText(byId("problem-count"), summary.problems ? `X-Ray would reject ${counted(summary.problems, "document")} of this trace` : "");
}

function drawTitle() {
  const { tree, route } = state;
  const parts = [];
  if (tree) {
    const entry = tree.entries.get(route.node);
    if (entry) parts.push(line(entry.node.name));
    parts.push(`${line(tree.summary.name)} ${duration(tree.summary.duration)}`.trim());
    if (tree.summary.fault) parts[0] = `fault · ${parts[0]}`;
  }
  document.title = [...parts, "lambda-tracer"].join(" · ");
}

function drawEmpty() {
  const { tree, missing, traces, isLoaded, filter, route } = state;
  const isMapOfAll = route.view === "map" && (route.scope === "all" || !route.trace) && traces.size > 0;
  const place = byId("empty");
  let shown = null;
  if (missing) shown = missingView(missing);
  else if (!tree && !route.trace && isLoaded && !traces.size) shown = filter ? nothingMatches(filter) : welcome();
  const isEmpty = Boolean(shown) && !isMapOfAll;
  place.hidden = !isEmpty;
  document.body.classList.toggle("empty", isEmpty);
  const stamp = isEmpty ? JSON.stringify([missing, filter, state.server, state.totals.total, state.isLive]) : "";
  if (place.dataset.stamp === stamp) return;
  place.dataset.stamp = stamp;
  replace(place, isEmpty ? shown : null);
}

const missingView = (why) => h("div", { class: "welcome" }, h("h2", null, "This trace is not here"), h("p", null, line(why)),
  h("p", { class: "dim" }, "It may have been cleared, or let go to make room for newer ones."));

function nothingMatches(filter) {
  return h("div", { class: "welcome" },
    h("h2", null, "No trace matches"),
    h("p", null, h("code", null, line(filter)), ` matches none of ${counted(state.totals.total, "trace")}. New ones that match will appear here.`),
    h("p", null, h("button", { type: "button", class: "button", click: () => applyFilter("") }, "Show all traces")),
    state.isLive ? h("p", { class: "dim" }, "Such as: ", EXAMPLES.map((text) => [h("code", null, text), "  "])) : null);
}

function welcome() {
  if (!state.isLive) return h("div", { class: "welcome" }, h("h2", null, "This page holds no traces"));
  const udp = state.server?.udp ?? "127.0.0.1:2000";
  const port = udp.split(":").at(-1);
  const view = port === "2000" ? "--view" : `--view-port ${port}`;
  const ways = [
    ["Run a Lambda function here", `lambda-tracer invoke app.lambda_handler --event event.json ${view}`, null],
    ["Or let anything that has an X-Ray SDK, in any language, send here", `export AWS_XRAY_DAEMON_ADDRESS=${udp}`,
      "ADOT's Lambda layers follow the same variable."],
    ["Or open traces from AWS: drop the file on this page", "aws xray batch-get-traces --trace-ids 1-… > traces.json", null],
  ];
  return h("div", { class: "welcome" },
    h("h2", null, "Waiting for the first trace"),
    h("p", null, `Everything that arrives at UDP port ${grouped(Number(port)).replaceAll(",", "")} of this machine appears here within a second. Nothing is sent to AWS.`),
    h("ol", null, ways.map(([told, command, more]) => h("li", null, h("p", null, told),
      h("div", { class: "command" }, h("code", null, command), copyButton("the command", () => command)), more ? h("p", { class: "dim" }, more) : null))),
    h("p", { class: "dim" }, "Press ", h("kbd", null, "?"), " for the keys."));
}
