// What the server sends while the page is open. In a hidden tab nothing is asked for; what was missed is read when it is
// seen again.

import { query } from "./source.js";

/** After the server has refused, or is gone. */
const AGAIN_MS = 2000;

/** Listens to one filter's events. `on`: `{opened, lost, traces(Map of id to summary or null), cleared}`. */
export class Events {
  constructor(on) {
    this.on = on;
    this.filter = "";
    this.stream = null;
    this.timer = 0;
    this.arrived = new Map();
    this.isDue = false;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open(this.filter)));
  }

  open(filter) {
    this.close();
    this.filter = filter;
    if (document.hidden) return;
    const stream = new EventSource(`/api/events${query({ filter })}`);
    this.stream = stream;
    stream.addEventListener("open", () => this.on.opened());
    stream.addEventListener("error", () => {
      this.on.lost();
      // The browser itself tries again, but not after an answer that is no stream.
      if (stream.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.open(this.filter), AGAIN_MS);
    });
    stream.addEventListener("trace", ({ data }) => {
      const { id, summary } = JSON.parse(data);
      this.#arrive([[id, summary]]);
    });
    stream.addEventListener("dropped", ({ data }) => this.#arrive(JSON.parse(data).ids.map((id) => [id, null])));
    stream.addEventListener("cleared", () => {
      this.arrived.clear();
      this.on.cleared();
    });
  }

  close() {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
    this.arrived.clear();
  }

  /** Many a frame are told at once. */
  #arrive(traces) {
    for (const [id, summary] of traces) this.arrived.set(id, summary);
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      const arrived = this.arrived;
      this.arrived = new Map();
      if (arrived.size) this.on.traces(arrived);
    });
  }
}
