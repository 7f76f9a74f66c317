// Elements. What comes from a trace is set as text, in text nodes and attributes that no browser runs: never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `attributes` whose values are functions are listeners, those in `PROPERTIES` are set as such. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same, of SVG. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

const PROPERTIES = new Set(["value", "checked", "hidden", "disabled", "selected", "open", "tabIndex"]);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false && !PROPERTIES.has(name)) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Text, where it is not the same already: a screen reader need not hear it again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An attribute, or none where `value` is null. */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Everything in `parent` is replaced. */
export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/** `parent` holds these and no others, in this order. What stays where it is isn't touched, and keeps the focus. */
export function reconcile(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let next = null;
  for (const child of wanted.toReversed()) {
    if (child.parentNode !== parent || child.nextElementSibling !== next) parent.insertBefore(child, next);
    next = child;
  }
  if (focused && document.activeElement !== focused && parent.contains(focused)) focused.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);

/** A line icon, 16 by 16, from one path. */
export function icon(path) {
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));
}

/** A button that puts a text on the clipboard. `text` is called when it is wanted. */
export function copyButton(what, text) {
  const button = h("button", {
    class: "copy", type: "button", "aria-label": `Copy ${what}`, title: `Copy ${what}`,
    click: async () => {
      say(await copied(text()) ? `Copied ${what}` : "This browser does not allow copying");
    },
  }, icon("M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z"));
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "hidden-visually", value: text });
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}

let saying = 0;

/** A short message at the bottom, for eyes and screen readers, gone after some seconds. */
export function say(text) {
  const place = byId("said");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(saying);
  saying = setTimeout(() => {
    place.textContent = "";
    place.hidden = true;
  }, 6000);
}
