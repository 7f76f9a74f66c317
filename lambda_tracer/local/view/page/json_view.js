// A JSON value, laid out and coloured; of a long one the beginning, and the rest when it is asked for.

import { h } from "./dom.js";
import { bytes, clean } from "./format.js";

/** Characters that are laid out at once. */
const SHOWN = 20_000;

/** `"text": ` a key; a text; a number, true, false or null. */
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** A list of nothing but short values. */
const SHORT_LIST = /\[\n([^[\]{}]{1,120})\n\s*\]/g;

const onOneLine = (whole, inside) => {
  const line = `[${inside.split("\n").map((part) => part.trim()).join(" ")}]`;
  return line.length <= 60 ? line : whole;
};

/** A value as an element. Texts are shown as they are, everything else as JSON. */
export function valueView(value) {
  if (typeof value === "string") return longText(value, (text) => [clean(text)], "text");
  const text = (JSON.stringify(value, null, 2) ?? "").replace(SHORT_LIST, onOneLine);
  if (value === null || typeof value !== "object") return h("code", { class: "json" }, coloured(text));
  return longText(text, coloured, "json");
}

const plain = (part) => [clean(part)];

/** Text in lines as they are, `shape` gives the pieces of what is shown, `shapeAll` those of all of a long one. */
export function longText(text, shape = plain, kind = "text", shapeAll = plain) {
  const block = h("pre", { class: kind }, shape(text.slice(0, SHOWN)));
  if (text.length <= SHOWN) return block;
  const button = h("button", {
    type: "button", class: "more", click: () => {
      block.replaceChildren(...shapeAll(text));
      button.remove();
    },
  }, `Show all (${bytes(text.length)})`);
  return h("div", null, block, button);
}

function coloured(text) {
  const pieces = [];
  let done = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > done) pieces.push(text.slice(done, match.index));
    const [whole, string, colon] = match;
    if (string && colon) pieces.push(h("span", { class: "key" }, clean(string)), colon);
    else pieces.push(h("span", { class: string ? "string" : "number" }, clean(whole)));
    done = match.index + whole.length;
  }
  pieces.push(clean(text.slice(done)));
  return pieces;
}
