// The time axis: which part of a trace is shown, and where its ticks are.

import { h, replace } from "./dom.js";
import { tick } from "./format.js";
import { state } from "./store.js";

/** From and to, in seconds from the start of the trace. */
export function shown(tree) {
  return state.zoom ?? tree.whole;
}

/** Where a time from the start stands, in percent of what is shown. */
export function percent(seconds, [from, to]) {
  return (seconds - from) / (to - from) * 100;
}

/** Round times, about `wanted` of them, a quarter more at most. */
export function ticks([from, to], wanted) {
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough * 0.8);
  const times = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to * (1 + 1e-9); at++) times.push(at * step);
  return { times, step };
}

/** Pixels, about. */
const BETWEEN_TICKS = 84;

/** Pixels that a time takes. */
const LABEL = 48;

/** Ticks with their times into `header`, lines without into `grid`. */
export function drawAxis(header, grid, range) {
  const width = header.clientWidth || 400;
  const { times, step } = ticks(range, Math.max(2, Math.floor(width / BETWEEN_TICKS)));
  const at = (time) => percent(time, range);
  const between = width * step / (range[1] - range[0]);
  // Where the last one has no room to its right it goes to the left, if the one before leaves room there.
  const isLast = (time) => width * (1 - at(time) / 100) < LABEL;
  replace(header, times.filter((time) => !isLast(time) || between >= 2.4 * LABEL).map((time) => {
    const label = h("span", { class: isLast(time) ? "tick last" : "tick" }, tick(time, step));
    label.style.left = `${at(time)}%`;
    return label;
  }));
  replace(grid, times.map((time) => {
    const mark = h("i");
    mark.style.left = `${at(time)}%`;
    return mark;
  }));
}
