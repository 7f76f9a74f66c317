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

/** Round times, about `wanted` of them. */
export function ticks([from, to], wanted) {
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough * (1 - 1e-9));
  const times = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to * (1 + 1e-9); at++) times.push(at * step);
  return { times, step };
}

/** Ticks with their times into `header`, lines without into `grid`. */
export function drawAxis(header, grid, range) {
  const width = header.clientWidth || 400;
  const { times, step } = ticks(range, Math.max(2, Math.floor(width / 110)));
  const at = (time) => percent(time, range);
  replace(header, times.map((time) => {
    const label = h("span", { class: at(time) > 94 ? "tick last" : "tick" }, tick(time, step));
    label.style.left = `${at(time)}%`;
    return label;
  }));
  replace(grid, times.map((time) => {
    const mark = h("i");
    mark.style.left = `${at(time)}%`;
    return mark;
  }));
}
