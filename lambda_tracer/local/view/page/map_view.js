// The service map: of the trace that is shown, or of all of them.

import { byId, h, replace, setAttribute, svg } from "./dom.js";
import { counted, duration, grouped, line } from "./format.js";
import { busiest, layout, MOST_SERVICES, neighbourhood } from "./map_layout.js";
import { onChange, state } from "./store.js";
import { go } from "./url.js";
import { jump } from "./waterfall.js";

const CARD = { width: 196, height: 60 };
const GAP = { along: 104, across: 26 };
const MARGIN = 24;

/** Narrower than this, and callers stand above what they call instead of left of it. */
const WIDE = 640;

/** No smaller than this share of its size. */
const SMALLEST = 0.72;

let around = null;
let onFilter = null;

/** `applyFilter(text)` is called for who chooses a service in the map of all traces. */
export function startMap(applyFilter) {
  onFilter = applyFilter;
  onChange(["tree", "graph", "route"], draw);
  byId("map-scope").addEventListener("change", (event) => go({ scope: event.target.value }));
  byId("map-around").addEventListener("change", (event) => {
    around = Number(event.target.value);
    draw();
  });
  byId("map-canvas").parentElement.addEventListener("scroll", fade, { passive: true });
  let wide = null;
  new ResizeObserver(([{ contentRect }]) => {
    const isWide = contentRect.width >= WIDE;
    if (contentRect.width && isWide !== wide) {
      wide = isWide;
      draw();
    }
    fade();
  }).observe(byId("map"));
}

function draw() {
  if (state.route.view !== "map") return;
  const isAll = state.route.scope === "all" || !state.route.trace;
  byId("map-scope").value = isAll ? "all" : "trace";
  const whole = isAll ? state.graph : state.tree?.answer.graph;
  const isLarge = (whole?.services.length ?? 0) > MOST_SERVICES;
  byId("map-around").parentElement.hidden = !isLarge;
  let graph = whole;
  if (isLarge) {
    if (!whole.services.some(({ id }) => id === around)) around = busiest(whole);
    replace(byId("map-around"), whole.services.map(({ id, name }) => h("option", { value: id, selected: id === around }, line(name))));
    graph = neighbourhood(whole, around);
  }
  const canvas = byId("map-canvas");
  if (!graph?.services.length) {
    canvas.removeAttribute("style");
    replace(canvas, h("p", { class: "nothing" }, whole ? "No services in it." : "Loading…"));
    return;
  }
  const told = isLarge ? `${graph.services.length} of ${whole.services.length} services` : counted(graph.services.length, "service");
  byId("map-told").textContent = told;
  drawGraph(canvas, graph, isAll);
}

function drawGraph(canvas, graph, isAll) {
  const placed = layout(graph);
  const isWide = byId("map").clientWidth >= WIDE;
  const step = isWide
    ? { layer: CARD.width + GAP.along, place: CARD.height + GAP.across }
    : { layer: CARD.height + GAP.along * 0.6, place: CARD.width + GAP.across * 0.5 };
  const middle = { layer: (isWide ? CARD.width : CARD.height) / 2, place: (isWide ? CARD.height : CARD.width) / 2 };
  const at = ({ layer, place }) => {
    const along = MARGIN + middle.layer + layer * step.layer;
    const across = MARGIN + middle.place + (place + (placed.places - 1) / 2) * step.place;
    return isWide ? [along, across] : [across, along];
  };
  const along = MARGIN * 2 + placed.layers * step.layer - (step.layer - 2 * middle.layer);
  const across = MARGIN * 2 + placed.places * step.place - (step.place - 2 * middle.place);
  const [width, height] = isWide ? [along, across] : [across, along];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  // Somewhat too wide is shown smaller; much too wide is scrolled.
  const room = byId("map").clientWidth / width;
  canvas.style.zoom = room < 1 ? Math.max(room, SMALLEST) : 1;
  const ways = placed.edges.map((each) => ({ ...each, way: wayOf(each, at, isWide) }));
  const lines = svg("svg", { width, height, class: "map-lines", "aria-hidden": "true" },
    svg("defs", null, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
      svg("path", { d: "M0.5 0.5 7 4 0.5 7.5", class: "arrow" }))),
    ways.map((each) => drawLine(each, isWide)));
  const labels = ways.map((each) => edgeLabel(each, isWide));
  const names = new Map(graph.services.map(({ id, name }) => [id, line(name)]));
  const cards = graph.services.map((service) => {
    const [x, y] = at(placed.nodes.get(service.id));
    const called = graph.edges.filter(({ from }) => from === service.id);
    return card(service, x, y, called.map(({ to }) => names.get(to)), isAll);
  });
  replace(canvas, lines, labels, cards);
  const scroll = canvas.parentElement;
  if (!isWide && !scroll.scrollLeft) scroll.scrollLeft = (scroll.scrollWidth - scroll.clientWidth) / 2;
  if (scroll.scrollWidth > scroll.clientWidth + 1) byId("map-told").textContent += ", scroll sideways to see all";
  fade();
}

/** Sides at which the map goes on fade out. */
function fade() {
  const scroll = byId("map-canvas").parentElement;
  scroll.classList.toggle("more-left", scroll.scrollLeft > 1);
  scroll.classList.toggle("more-right", scroll.scrollLeft + scroll.clientWidth < scroll.scrollWidth - 1);
}

/** From the edge of one card to that of the other; straight on where it passes beside others. */
function wayOf({ points, isBack }, at, isWide) {
  const sign = isBack ? -1 : 1;
  const [dx, dy] = isWide ? [sign * CARD.width / 2, 0] : [0, sign * CARD.height / 2];
  const [gapX, gapY] = isWide ? [sign * 2, 0] : [0, sign * 2];
  const places = points.map(at);
  const between = places.slice(1, -1).flatMap(([x, y]) => [[x - dx, y - dy], [x + dx, y + dy]]);
  const [[x0, y0], [x1, y1]] = [places[0], places.at(-1)];
  return [[x0 + dx, y0 + dy], ...between, [x1 - dx - gapX, y1 - dy - gapY]];
}

function drawLine({ edge, way, isBack }, isWide) {
  let path = `M${way[0]}`;
  for (let to = 1; to < way.length; to++) {
    const [[x0, y0], [x1, y1]] = [way[to - 1], way[to]];
    path += isWide ? ` C${(x0 + x1) / 2} ${y0} ${(x0 + x1) / 2} ${y1} ${x1} ${y1}` : ` C${x0} ${(y0 + y1) / 2} ${x1} ${(y0 + y1) / 2} ${x1} ${y1}`;
  }
  const kind = edge.fault ? "line faulty" : edge.error ? "line erring" : "line";
  return svg("path", { d: path, class: isBack ? `${kind} back` : kind, "marker-end": "url(#arrow)" });
}

/** On the line, nearer to where it goes: where lines begin they lie close together. */
function edgeLabel({ edge, way }, isWide) {
  const average = edge.count ? duration(edge.total_time / edge.count) : "";
  const label = h("span", { class: "edge-label", "aria-hidden": "true" }, edge.count > 1 ? `${grouped(edge.count)} × ${average}` : average);
  const [[x0, y0], [x1, y1]] = way;
  const t = y0 === y1 || x0 === x1 ? 0.5 : 0.62;
  const straight = 1.5 * t * (1 - t) + t ** 3;  // of a curve whose middle points are half-way
  const bent = t * t * (3 - 2 * t);
  const [u, v] = isWide ? [straight, bent] : [bent, straight];
  label.style.left = `${x0 + (x1 - x0) * u}px`;
  label.style.top = `${y0 + (y1 - y0) * v}px`;
  return label;
}

function card(service, x, y, called, isAll) {
  const outcomes = [["ok", service.ok], ["fault", service.fault], ["throttle", service.throttle], ["error", service.error]];
  const words = outcomes.filter(([kind, count]) => kind !== "ok" && count).map(([kind, count]) => counted(count, kind));
  const average = service.count ? `${duration(service.total_time / service.count)}${service.count > 1 ? " average" : ""}` : "";
  const title = [line(service.name), service.type ?? "", counted(service.count, "request"), average, ...words,
    called.length ? `calls ${called.join(", ")}` : ""].filter(Boolean);
  const element = h("button", {
    type: "button", class: service.fault ? "card faulty" : "card", "aria-label": title.join(", "), title: title.join("\n"),
    click: () => choose(service, isAll),
  }, ring(outcomes, service.count), h("span", { class: "card-text" },
    h("span", { class: "card-name" }, line(service.name)),
    h("span", { class: "card-type" }, line(service.type ?? "")),
    h("span", { class: "card-numbers" }, [service.count > 1 ? grouped(service.count) : "", average.replace(" average", "")].filter(Boolean).join(" × "),
      words.length ? h("span", { class: service.fault ? "flag fault" : "flag error" }, words[0]) : null)));
  element.style.left = `${x - CARD.width / 2}px`;
  element.style.top = `${y - CARD.height / 2}px`;
  return element;
}

/** How the requests ended, as parts of a ring. */
function ring(outcomes, count) {
  const length = 2 * Math.PI * 13;
  const arcs = [];
  let done = 0;
  for (const [kind, number] of outcomes) {
    if (!number) continue;
    const part = Math.min(number / Math.max(count, 1), 1) * length;
    arcs.push(svg("circle", { cx: 16, cy: 16, r: 13, class: `arc ${kind}`, "stroke-dasharray": `${part} ${length - part}`, "stroke-dashoffset": -done }));
    done += part;
  }
  return svg("svg", { viewBox: "0 0 32 32", class: "ring", "aria-hidden": "true" }, svg("circle", { cx: 16, cy: 16, r: 13, class: "arc" }), arcs);
}

/** In one trace: show its first subsegment; in all traces: list those that it is in. */
function choose(service, isAll) {
  if (isAll) {
    if (state.isLive) onFilter(`service(${JSON.stringify(service.name)})`);
    return;
  }
  for (const entry of state.tree.inOrder()) {
    if (entry.node.service === service.name || entry.node.name === service.name) {
      go({ view: "timeline" });
      jump(entry.id);
      return;
    }
  }
}

/** Which of the two maps there are. */
export function offerMaps() {
  setAttribute(byId("map-scope").options[0], "disabled", state.route.trace ? null : "");
}
