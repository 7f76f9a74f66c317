// Rows of one height that are kept by their key. Where there are many, only those in sight are there, and the focused one.

import { reconcile } from "./dom.js";

/** More rows than this, and only those in sight are in the document. */
const PLAIN_ROWS = 1000;

const BEYOND_SIGHT = 12;

/** Draws `items` (each with a `key`) into `body`, which scrolls in `viewport`. */
export class Rows {
  /** `create(item)` gives the element of a row, `update(element, item)` brings it up to date. */
  constructor({ viewport, body, create, update, plainRows = PLAIN_ROWS }) {
    Object.assign(this, { viewport, body, create, update, plainRows });
    this.items = [];
    this.places = new Map();
    this.elements = new Map();
    this.drawn = "";
    viewport.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(viewport);
  }

  /** As the style says: read once there is a row. */
  get height() {
    return parseFloat(getComputedStyle(this.body).getPropertyValue("--row")) || 26;
  }

  set(items) {
    this.items = items;
    this.places = new Map(items.map((item, at) => [item.key, at]));
    this.body.style.height = `${items.length * this.height}px`;
    this.drawn = "";
    this.draw();
  }

  /** Bring every row that is there up to date, and those in sight there. */
  draw() {
    const height = this.height;
    let first = 0;
    let end = this.items.length;
    if (end > this.plainRows) {
      const above = this.viewport.scrollTop - this.body.offsetTop;
      first = Math.max(0, Math.floor(above / height) - BEYOND_SIGHT);
      end = Math.min(end, Math.ceil((above + this.viewport.clientHeight) / height) + BEYOND_SIGHT);
      first = Math.min(first, Math.max(0, end - 1));
    }
    const range = `${first} ${end} ${height}`;
    if (range === this.drawn) return;
    this.drawn = range;
    const focused = this.#focusedPlace();
    const places = [];
    if (focused !== null && focused < first) places.push(focused);
    for (let at = first; at < end; at++) places.push(at);
    if (focused !== null && focused >= end) places.push(focused);
    const elements = new Map();
    for (const at of places) {
      const item = this.items[at];
      const element = this.elements.get(item.key) ?? this.create(item);
      element.style.transform = `translateY(${at * height}px)`;
      this.update(element, item, at);
      elements.set(item.key, element);
    }
    this.elements = elements;
    reconcile(this.body, [...elements.values()]);
  }

  /** Call `update` again for what is there. */
  refresh() {
    this.drawn = "";
    this.draw();
  }

  /** Call it for some of them. */
  touch(...keys) {
    for (const key of new Set(keys)) {
      const element = this.elements.get(key);
      if (element) this.update(element, this.items[this.place(key)], this.place(key));
    }
  }

  #focusedPlace() {
    for (const [key, element] of this.elements) {
      if (element === document.activeElement || element.contains(document.activeElement)) {
        return this.places.get(key) ?? null;
      }
    }
    return null;
  }

  place(key) {
    return this.places.get(key) ?? -1;
  }

  /** Scroll no further than needed to show it, `inset` pixels below the top. */
  show(key, inset = 0) {
    const at = this.place(key);
    if (at < 0) return;
    const top = this.body.offsetTop + at * this.height;
    const { scrollTop, clientHeight } = this.viewport;
    if (top - inset < scrollTop) this.viewport.scrollTop = top - inset;
    else if (top + this.height > scrollTop + clientHeight) this.viewport.scrollTop = top + this.height - clientHeight;
    this.draw();
  }

  focus(key, inset = 0) {
    this.show(key, inset);
    const element = this.elements.get(key);
    if (!element) return;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });  // the page itself may scroll, too, where panes are below each other
  }
}
