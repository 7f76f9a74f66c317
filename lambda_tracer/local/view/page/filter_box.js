// The box for filter expressions: applied with Enter or after a pause, with suggestions, and what is wrong below it.

import { byId, h, replace, setAttribute, setText } from "./dom.js";
import { knownWords, suggestions } from "./filter_words.js";
import { change, onChange, state } from "./store.js";
import { address } from "./url.js";

/** A pause in writing after which what is there is applied. */
const PAUSE_MS = 700;

let timer = 0;
let shown = [];
let chosen = -1;

export function startFilterBox() {
  const box = byId("filter");
  box.value = state.filter;
  if (!state.isLive) {
    box.placeholder = "Filter by name, id or annotation";
    box.removeAttribute("role");
    for (const name of ["aria-expanded", "aria-controls", "aria-autocomplete"]) box.removeAttribute(name);
  }
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => applyFilter(box.value), PAUSE_MS);
    setAttribute(byId("filter-clear"), "hidden", box.value ? null : "");
    suggest();
  });
  box.addEventListener("keydown", onKey);
  box.addEventListener("focus", suggest);
  box.addEventListener("click", suggest);
  box.addEventListener("blur", hide);
  byId("filter-clear").addEventListener("click", () => {
    applyFilter("");
    box.focus();
  });
  byId("filter-hints").addEventListener("pointerdown", (event) => {
    event.preventDefault();  // the box keeps the focus
    const option = event.target.closest("[role=option]");
    if (option) take(shown[Number(option.dataset.at)]);
  });
  onChange(["filter", "filterError"], () => {
    if (document.activeElement !== box) box.value = state.filter;
    setAttribute(byId("filter-clear"), "hidden", box.value ? null : "");
    setText(byId("filter-error"), state.filterError);
    setAttribute(box, "aria-invalid", state.filterError ? "true" : null);
  });
}

/** Show only traces that match; an empty text matches all. */
export function applyFilter(text) {
  clearTimeout(timer);
  const filter = text.trim();
  const box = byId("filter");
  if (box.value.trim() !== filter) box.value = text;
  if (filter === state.filter) return;
  change({ filter, filterError: "" });
  history.replaceState(null, "", address(state.route, filter));
}

function suggest() {
  if (!state.isLive) return;
  const box = byId("filter");
  shown = suggestions(box.value.slice(0, box.selectionStart), knownWords(state.traces.values()));
  chosen = -1;
  const list = byId("filter-hints");
  replace(list, shown.map(({ text, told }, at) => h("div", { role: "option", id: `hint-${at}`, "data-at": at, "aria-selected": "false" },
    h("code", null, text), h("span", { class: "dim" }, told))));
  const isOpen = shown.length > 0 && document.activeElement === box;
  list.hidden = !isOpen;
  setAttribute(box, "aria-expanded", isOpen);
  setAttribute(box, "aria-activedescendant", null);
}

function hide() {
  const box = byId("filter");
  byId("filter-hints").hidden = true;
  if (state.isLive) setAttribute(box, "aria-expanded", false);
  setAttribute(box, "aria-activedescendant", null);
  chosen = -1;
}

function choose(at) {
  const options = byId("filter-hints").children;
  options[chosen]?.setAttribute("aria-selected", "false");
  chosen = (at + options.length) % options.length;
  options[chosen].setAttribute("aria-selected", "true");
  options[chosen].scrollIntoView({ block: "nearest" });
  setAttribute(byId("filter"), "aria-activedescendant", options[chosen].id);
}

function take({ text, from }) {
  const box = byId("filter");
  const after = box.value.slice(box.selectionStart);
  const put = /[.(]$/.test(text) ? text : `${text} `;
  box.value = box.value.slice(0, from) + put + after.trimStart();
  box.setSelectionRange(from + put.length, from + put.length);
  box.dispatchEvent(new Event("input"));
}

function onKey(event) {
  const isOpen = !byId("filter-hints").hidden;
  if (event.key === "Enter") {
    event.preventDefault();
    if (isOpen && chosen >= 0) take(shown[chosen]);
    else {
      hide();
      applyFilter(event.target.value);
    }
  } else if (event.key === "Escape") {
    if (isOpen) hide();
    else event.target.blur();
    event.stopPropagation();
  } else if (event.key === "Tab" && isOpen && chosen >= 0) {
    event.preventDefault();
    take(shown[chosen]);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!isOpen) suggest();
    if (shown.length) choose(event.key === "ArrowDown" ? chosen + 1 : Math.max(chosen, 0) - 1);
  }
}
