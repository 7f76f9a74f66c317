// One row of the waterfall: the name with what stands beside it, the duration, and the bar.

import { percent } from "./axis.js";
import { h, setAttribute, setText } from "./dom.js";
import { counted, duration, line } from "./format.js";
import { about, flagElements, flagsOf } from "./label.js";

/** Deeper levels are not indented further; the level is in the row for screen readers. */
const LEVELS_INDENTED = 24;

/** The element of a row; its parts are kept on it. */
export function createRow() {
  const parts = {
    twisty: h("span", { class: "twisty", "aria-hidden": "true" }),
    swatch: h("span", { class: "swatch", "aria-hidden": "true" }),
    name: h("span", { class: "name" }),
    flags: h("span", { class: "flags" }),
    about: h("span", { class: "about" }),
    duration: h("div", { role: "gridcell", class: "duration" }),
    bar: h("span", { class: "time-bar" }),
    path: h("span", { class: "own-times" }),
    told: h("span", { class: "hidden-visually" }),
  };
  const label = h("div", { role: "rowheader", class: "label" },
    parts.twisty, parts.swatch, parts.name, parts.flags, parts.about);
  const track = h("div", { role: "gridcell", class: "track" }, parts.bar, parts.path, parts.told);
  const element = h("div", { role: "row", class: "row", tabIndex: -1 }, label, parts.duration, track);
  element.parts = parts;
  element.label = label;
  return element;
}

/** Bring it up to date. `view`: `{tree, range, selected, tabStop, found, showsPath}`. */
export function updateRow(element, row, at, view) {
  element.dataset.key = row.key;
  element.label.style.setProperty("--level", Math.min(row.level - 1, LEVELS_INDENTED));
  setAttribute(element, "aria-level", row.level);
  setAttribute(element, "aria-posinset", row.at + 1);
  setAttribute(element, "aria-setsize", row.of);
  setAttribute(element, "aria-rowindex", at + 2);
  setAttribute(element, "aria-expanded", row.isOpen);
  setAttribute(element, "aria-selected", row.key === view.selected);
  element.tabIndex = row.key === view.tabStop ? 0 : -1;
  element.classList.toggle("found", view.found.has(row.key));
  const shows = [row.group ?? row.entry, view.range, view.showsPath];
  if (element.shows?.every((each, at) => each === shows[at])) return;  // nothing else can have changed
  element.shows = shows;
  if (row.group) updateGroup(element, row.group, view);
  else updateEntry(element, row.entry, view);
}

function updateEntry(element, entry, view) {
  const { parts } = element;
  const { tree, range } = view;
  const { node } = entry;
  const { start, end } = { start: tree.startOf(entry) - tree.start, end: tree.endOf(entry) - tree.start };
  element.className = rowClass(element, node.in_progress ? `${node.kind} unended` : node.kind, node.fault);
  parts.swatch.dataset.service = tree.colour(node.service);
  setText(parts.name, line(node.name));
  const flags = flagsOf(node).map(([word]) => word);
  const problems = tree.problems.has(entry.id);
  if (parts.flags.dataset.flags !== `${flags}${problems}`) {
    parts.flags.dataset.flags = `${flags}${problems}`;
    parts.flags.replaceChildren(...flagElements(node), ...problems ? [h("span", { class: "flag rejected" }, "rejected")] : []);
  }
  setText(parts.about, about(node));
  const time = node.kind === "missing" ? "" : duration(tree.durationOf(entry));
  setText(parts.duration, time && node.in_progress ? `> ${time}` : time);
  placeBar(parts.bar, start, end, range, node.kind === "missing" || node.start === null);
  parts.bar.dataset.service = tree.colour(node.service);
  const own = view.showsPath ? tree.critical.get(entry.id) : null;
  parts.path.replaceChildren(...(own ?? []).map(([from, to]) => {
    const piece = h("i");
    placeBar(piece, from - tree.start, to - tree.start, range, false);
    return piece;
  }));
  const told = node.kind === "missing" ? "" : `starts at ${duration(start)}${own ? ", on the critical path" : ""}`;
  setText(parts.told, told);
}

function updateGroup(element, group, view) {
  const { parts } = element;
  const { tree, range } = view;
  const { members } = group;
  const nodes = members.map((entry) => entry.node);
  const durations = members.map((entry) => tree.durationOf(entry) ?? 0);
  const total = durations.reduce((sum, each) => sum + each, 0);
  element.className = rowClass(element, "group", false);
  parts.swatch.dataset.service = tree.colour(nodes[0].service);
  setText(parts.name, line(nodes[0].name));
  const words = [["fault", "fault"], ["error", "error"]].flatMap(([flag, kind]) => {
    const count = nodes.filter((node) => node[flag]).length;
    return count ? [h("span", { class: `flag ${kind}` }, counted(count, flag))] : [];
  });
  parts.flags.dataset.flags = "group";
  parts.flags.replaceChildren(h("span", { class: "flag many" }, `× ${members.length}`), ...words);
  const [shortest, longest] = [Math.min(...durations.slice(0, 1e4)), Math.max(...durations.slice(0, 1e4))];
  setText(parts.about, `${duration(shortest)} to ${duration(longest)} each`);
  setText(parts.duration, duration(total));
  const start = Math.min(...members.slice(0, 1e4).map((entry) => tree.startOf(entry))) - tree.start;
  const end = Math.max(...members.slice(-1e4).map((entry) => tree.endOf(entry))) - tree.start;
  placeBar(parts.bar, start, end, range, false);
  parts.bar.dataset.service = tree.colour(nodes[0].service);
  parts.path.replaceChildren();
  setText(parts.told, `${members.length} equal subsegments, the first starts at ${duration(start)}`);
}

const rowClass = (element, kind, isFault) => {
  const found = element.classList.contains("found") ? " found" : "";
  return `row ${kind}${isFault ? " faulty" : ""}${found}`;
};

/** From `start` to `end`, as far as it is within `range`. */
function placeBar(bar, start, end, range, isHidden) {
  const left = Math.max(0, percent(start, range));
  const right = Math.min(100, percent(end, range));
  bar.hidden = isHidden || left > 100 || right < 0;
  bar.style.left = `${Math.min(left, 99.9)}%`;
  bar.style.width = `${Math.max(0, right - left)}%`;
}
