// The details of what is selected: one subsegment, or the trace. Sections stay as they are until what they show changes.

import { byId, copyButton, h, reconcile } from "./dom.js";
import { counted, dateTime, duration, line } from "./format.js";
import { exceptionPlaces } from "./exceptions.js";
import { invocationSections } from "./invocation_view.js";
import { longText, valueView } from "./json_view.js";
import { flagElements } from "./label.js";
import { linesByNode } from "./log_lines.js";
import { pairs, sectionsOf } from "./sections.js";
import { onChange, state } from "./store.js";
import { jump } from "./waterfall.js";

let drawn = new Map();
let drawnFor = null;
let places = { of: null, found: new Map(), lines: new Map() };

export function startDetails() {
  onChange(["tree", "route", "missing"], draw);
}

function draw() {
  const { tree, route } = state;
  const body = byId("details-body");
  if (!tree) {
    drawn = new Map();
    body.replaceChildren();
    return;
  }
  const entry = tree.entries.get(route.node) ?? null;
  const owner = `${tree.summary.id} ${entry?.id ?? ""}`;
  if (owner !== drawnFor) {
    drawn = new Map();
    byId("details").scrollTop = 0;
  }
  drawnFor = owner;
  const sections = entry ? entrySections(tree, entry) : traceSections(tree);
  const next = new Map();
  for (const section of sections) {
    const stamp = JSON.stringify(section.data) ?? "";
    const before = drawn.get(section.key);
    next.set(section.key, before?.stamp === stamp ? before : { stamp, element: sectionElement(section) });
  }
  drawn = next;
  reconcile(body, [...next.values()].map((each) => each.element));
}

function sectionElement({ key, title, view, copy, isFolded }) {
  if (!title) return h("div", { class: `section ${key}` }, view());
  const button = copy && copyButton(title, copy);
  const id = `section-${key.replace(/[^a-z]/gi, "-")}`;
  if (isFolded) {
    // What is folded is made when it is opened: a raw document may be a megabyte.
    const fold = h("details", {
      class: "section", toggle: () => {
        if (fold.open && fold.children.length === 1) fold.append(h("div", { class: "folded" }, button, view()));
      },
    }, h("summary", null, title));
    return fold;
  }
  return h("section", { class: `section ${key.split(" ")[0]}`, "aria-labelledby": id },
    h("h3", { id }, h("span", null, title), button), view());
}

function entrySections(tree, entry) {
  const { node } = entry;
  if (places.of !== tree) places = { of: tree, found: exceptionPlaces(tree), lines: linesOf(tree) };
  const problems = tree.problems.get(entry.id) ?? [];
  const start = tree.startOf(entry) - tree.start;
  const critical = tree.critical.get(entry.id)?.reduce((sum, [from, to]) => sum + to - from, 0) ?? null;
  const facts = { node: { ...node, document: null }, start, critical, time: tree.durationOf(entry), length: tree.length };
  const sections = [{ key: "head", data: facts, view: () => headView(tree, entry, start, critical) }];
  if (node.kind === "missing") {
    sections.push({ key: "note", data: node.name, view: () => note("missing", "Its children name it as their parent, "
      + "and it has not arrived. In AWS, Lambda itself sends the segments of the function; here nobody may have.") });
  } else if (node.in_progress) {
    sections.push({ key: "note", data: "progress", view: () => note("progress", "Sent as in progress: its end has not arrived yet.") });
  }
  for (const [at, message] of problems.entries()) {
    sections.push({ key: `problem ${at}`, data: message, view: () => note("rejected", line(message)) });
  }
  sections.push(...sectionsOf(node.document, (id) => places.found.get(id), jump));
  const lines = places.lines.get(entry.id)?.join("\n");
  if (lines && node.kind !== "segment") {
    sections.push({ key: "lines", title: "Log lines", data: lines, copy: () => lines, view: () => longText(lines) });
  }
  if (!entry.parent || node.kind === "segment") {
    sections.push(...invocationSections(ownInvocations(tree, entry), tree.entries, jump));
  }
  if (node.kind !== "missing") {
    const text = () => JSON.stringify(node.document, null, 2);
    sections.push({ key: "raw", title: "Raw document", data: node.document, isFolded: true, copy: text, view: () => valueView(node.document) });
  }
  return sections;
}

const linesOf = (tree) => linesByNode(tree.answer.invocations.map((invocation) => String(invocation.log ?? "")), tree.entries);

/** Those whose request the segment names; all of them at the root, where none is named. */
function ownInvocations(tree, entry) {
  const { invocations } = tree.answer;
  const request = entry.node.document.aws?.request_id;
  const named = invocations.filter((invocation) => invocation.request_id === request);
  return named.length ? named : entry.parent ? [] : invocations;
}

function headView(tree, entry, start, critical) {
  const { node } = entry;
  const time = tree.durationOf(entry);
  const share = time === null ? 0 : time / tree.length;
  const facts = [
    node.kind === "missing" ? null : ["Starts at", duration(start)],
    ["Of the trace", share ? `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %` : "0 %"],
    critical === null ? null : ["Critical path", `${duration(critical)} of its own`],
    ["Service", line(node.service)],
    node.namespace ? ["Namespace", line(node.namespace)] : null,
    node.origin ? ["Origin", line(node.origin)] : null,
  ].filter(Boolean);
  return h("div", null,
    h("h2", null, h("span", { class: "swatch", "data-service": String(tree.colour(node.service)) }), line(node.name)),
    h("p", { class: "lead" }, h("strong", null, node.kind === "missing" ? "no document" : duration(time)), " ", flagElements(node)),
    facts.length ? h("dl", { class: "facts" }, facts.map(([key, value]) => h("div", null, h("dt", null, key), h("dd", null, value)))) : null,
    h("p", { class: "id" }, h("code", null, line(node.id)), copyButton("the id", () => node.id)));
}

const note = (kind, text) => h("p", { class: `note ${kind}` }, text);

function traceSections(tree) {
  const { summary } = tree;
  const problems = tree.answer.problems;
  const sections = [{ key: "head", data: summary, view: () => traceHead(summary) }];
  if (problems.length) {
    sections.push({ key: "problems", title: "X-Ray would reject", data: problems, view: () => problemList(tree, problems) });
  }
  const annotations = Object.entries(summary.annotations ?? {}).map(([key, values]) => [key, [values].flat().map(line).join(", ")]);
  if (annotations.length) {
    sections.push({ key: "annotations", title: "Annotations", data: annotations, view: () => pairs(annotations) });
  }
  sections.push(...invocationSections(tree.answer.invocations, tree.entries, jump));
  return sections;
}

function traceHead(summary) {
  const facts = [
    ["Started", dateTime(summary.start)],
    ["Received", counted(summary.documents, "document")],
    ["Holds", counted(summary.subsegments, "subsegment")],
    ["Services", summary.services.map(line).join(", ")],
    summary.user ? ["User", line(summary.user)] : null,
  ].filter(Boolean);
  return h("div", null,
    h("h2", null, line(summary.name)),
    h("p", { class: "lead" }, h("strong", null, summary.in_progress ? "" : duration(summary.duration)), " ", flagElements(summary)),
    h("dl", { class: "facts" }, facts.map(([key, value]) => h("div", null, h("dt", null, key), h("dd", null, value)))),
    h("p", { class: "id" }, h("code", null, line(summary.id)), copyButton("the trace id", () => summary.id)),
    (summary.kept ?? []).map(({ told }) => note("kept", `The function has kept this in its log. X-Ray does not have it. Why: ${line(told)}`)),
    summary.root_missing ? note("missing", "The segment at the root has not arrived: what is known of the trace is shown below a placeholder.") : null);
}

const PROBLEMS_SHOWN = 50;

function problemList(tree, problems) {
  return h("ul", { class: "problems" }, problems.slice(0, PROBLEMS_SHOWN).map(({ id, message }) => {
    const entry = tree.entries.get(id);
    const name = entry && h("button", { type: "button", class: "link", click: () => jump(id) }, line(entry.node.name));
    return h("li", null, name, name && ": ", longText(message));
  }), problems.length > PROBLEMS_SHOWN && h("li", null, `and ${problems.length - PROBLEMS_SHOWN} more`));
}
