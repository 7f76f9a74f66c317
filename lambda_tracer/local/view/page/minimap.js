// The whole trace in a few pixels, and the part of it that the rows show: drag over it to choose another.

import { byId, setAttribute } from "./dom.js";
import { duration } from "./format.js";
import { percent, shown } from "./axis.js";
import { change, onChange, state } from "./store.js";

const HEIGHT = 36;

/** Narrower than this share of the trace is a click. */
const SMALLEST = 0.004;

export function startMinimap() {
  const canvas = byId("minimap");
  const part = byId("minimap-part");
  const redraw = () => {
    if (state.tree) draw(canvas, state.tree);
  };
  onChange(["tree", "zoom"], () => {
    redraw();
    showPart(part);
  });
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("theme", redraw);
  byId("zoom-out").addEventListener("click", () => change({ zoom: null }));
  followDragging(canvas.parentElement);
}

function draw(canvas, tree) {
  const width = canvas.clientWidth;
  if (!width) return;
  const scale = devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colours = Array.from({ length: 8 }, (_, at) => resolved(canvas, style, `--service-${at}`));
  const fault = resolved(canvas, style, "--fault");
  const count = tree.entries.size;
  const pitch = Math.min(5, (HEIGHT - 4) / Math.max(count, 1));
  let at = 0;
  for (const entry of tree.inOrder()) {
    const { node } = entry;
    const left = (tree.startOf(entry) - tree.start) / tree.length * width;
    const right = (tree.endOf(entry) - tree.start) / tree.length * width;
    context.fillStyle = node.fault ? fault : colours[tree.colour(node.service)];
    if (node.kind !== "missing") context.fillRect(left, 2 + at * pitch, Math.max(1, right - left), Math.max(1, pitch - 1));
    at++;
  }
}

/** A canvas knows no `light-dark()`: the colour that an element would have. */
function resolved(canvas, style, name) {
  canvas.style.color = `var(${name})`;
  return style.color;
}

function showPart(part) {
  const { tree, zoom } = state;
  byId("zoom-out").hidden = !zoom;
  part.hidden = !zoom || !tree;
  if (part.hidden) return;
  const [from, to] = shown(tree);
  part.style.left = `${percent(from, [0, tree.length])}%`;
  part.style.width = `${percent(to - from, [0, tree.length])}%`;
  setAttribute(part, "title", `${duration(from)} to ${duration(to)}`);
}

function followDragging(box) {
  let began = null;
  const share = (event) => {
    const { left, width } = box.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button || !state.tree) return;
    began = share(event);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (began !== null) zoomTo(began, share(event));
  });
  box.addEventListener("pointerup", () => {
    began = null;
  });
  box.addEventListener("pointercancel", () => {
    began = null;
  });
  box.addEventListener("dblclick", () => change({ zoom: null }));
}

function zoomTo(one, other) {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  if (to - from >= SMALLEST) change({ zoom: [from * state.tree.length, to * state.tree.length] });
}

/** Show the time of one subsegment, with a little before and after it. */
export function zoomOn(tree, entry) {
  const begin = tree.startOf(entry) - tree.start;
  const length = Math.max(tree.endOf(entry) - tree.startOf(entry), tree.length * SMALLEST);
  const from = Math.max(0, begin - length * 0.05);
  change({ zoom: [from, Math.min(tree.length, begin + length * 1.05)] });
}
