// The buttons: pause, clear, open a file, save, light and dark, tabs.

import { byId, h, say, setAttribute, setText } from "./dom.js";
import { bytes, counted, grouped, line } from "./format.js";
import { openTrace } from "./list.js";
import { clearTraces, openFile, pause } from "./loader.js";
import { onChange, state } from "./store.js";
import { go } from "./url.js";

/** How long a second press is waited for, before everything is cleared. */
const SURE_MS = 4000;

export function startControls() {
  byId("pause").addEventListener("click", togglePause);
  startClearing();
  startOpening();
  startTabs();
  startTheme();
  onChange(["connection", "isPaused", "waiting"], drawConnection);
  onChange(["server", "totals"], drawServer);
  onChange(["tree"], drawExports);
  drawConnection();
}

export function togglePause() {
  if (!state.isLive) return;
  pause(!state.isPaused);
  say(state.isPaused ? "Paused: what arrives is kept, and not shown yet" : "Live again");
}

function drawConnection() {
  const { connection, isPaused, waiting } = state;
  const words = { connecting: "Connecting", live: isPaused ? "Paused" : "Live", lost: "Connection lost, trying again", file: "Saved page" };
  setText(byId("connection-text"), words[connection]);
  byId("connection").dataset.is = connection === "live" && isPaused ? "paused" : connection;
  const label = isPaused ? waiting.size ? `Resume, ${grouped(waiting.size)} waiting` : "Resume" : "Pause";
  setText(byId("pause-text"), label);
  setAttribute(byId("pause"), "aria-pressed", isPaused);
  for (const element of document.querySelectorAll("[data-live]")) element.hidden = !state.isLive;
}

function drawServer() {
  const { server, totals } = state;
  if (!server) return;
  const one = server.udp === server.tcp;
  setText(byId("listening"), one ? `UDP and TCP ${server.udp}` : `UDP ${server.udp}, TCP ${server.tcp}`);
  setText(byId("held"), `${counted(totals.total, "trace")}, ${bytes(totals.bytes)}`);
  setText(byId("version"), server.version);
}

function startClearing() {
  const button = byId("clear");
  let timer = 0;
  const calm = () => {
    clearTimeout(timer);
    timer = 0;
    setText(byId("clear-text"), "Clear");
    button.classList.remove("sure");
  };
  button.addEventListener("click", async () => {
    if (!state.totals.total && !state.traces.size) return;
    if (!timer) {
      setText(byId("clear-text"), `Clear ${counted(Math.max(state.totals.total, state.traces.size), "trace")}?`);
      button.classList.add("sure");
      timer = setTimeout(calm, SURE_MS);
      return;
    }
    calm();
    try {
      await clearTraces();
      say("Cleared");
    } catch (error) {
      say(error.message);
    }
  });
  button.addEventListener("blur", calm);
}

function startOpening() {
  const input = byId("open-file");
  byId("open").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    open([...input.files]);
    input.value = "";
  });
  const hasFiles = (event) => state.isLive && event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    open([...event.dataTransfer.files]);
  });
}

async function open(files) {
  for (const file of files) {
    try {
      const { traces, refused, message } = await openFile(file);
      const told = [`${line(file.name)}: ${counted(traces.length, "trace")}`, refused && `${counted(refused, "document")} refused`, message && line(message)];
      say(told.filter(Boolean).join(", "));
      if (traces.length) openTrace(traces[0]);
    } catch (error) {
      say(`${line(file.name)}: ${error.message}`);
    }
  }
}

function startTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener("click", () => go({ view: tab.dataset.view }));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = tabs[(at + step + tabs.length) % tabs.length];
      next.focus();
      go({ view: next.dataset.view });
    });
  }
  const draw = () => {
    const { view } = state.route;
    document.body.dataset.view = view;
    for (const tab of tabs) {
      const isShown = tab.dataset.view === view;
      setAttribute(tab, "aria-selected", isShown);
      tab.tabIndex = isShown ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isShown;
    }
  };
  onChange(["route"], draw);
  draw();
}

const SCHEMES = ["light dark", "light", "dark"];
const SCHEME_NAMES = { "light dark": "as the system", light: "light", dark: "dark" };

function startTheme() {
  const set = (scheme) => {
    document.documentElement.style.colorScheme = scheme;
    const name = `Colours: ${SCHEME_NAMES[scheme]}`;
    setAttribute(byId("theme"), "aria-label", name);
    setAttribute(byId("theme"), "title", name);
    dispatchEvent(new Event("theme"));
  };
  let scheme = remembered("colours");
  if (!SCHEMES.includes(scheme)) scheme = SCHEMES[0];
  set(scheme);
  byId("theme").addEventListener("click", () => {
    scheme = SCHEMES[(SCHEMES.indexOf(scheme) + 1) % SCHEMES.length];
    remember("colours", scheme);
    set(scheme);
    say(`Colours: ${SCHEME_NAMES[scheme]}`);
  });
}

/** A setting that was kept by this browser; null where there is none, or none may be kept. */
export function remembered(name) {
  try {
    return localStorage.getItem(`lambda-tracer ${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`lambda-tracer ${name}`, value);
  } catch {
    // It holds until the page is left.
  }
}

const EXPORTS = [
  ["html", "HTML page", "one file that needs no server"],
  ["json", "JSON", "the documents"],
  ["txt", "Text", "the waterfall as the command prints it"],
  ["trace-events.json", "Trace events", "for Perfetto and speedscope"],
];

function drawExports() {
  const id = state.tree?.summary.id;
  byId("save").hidden = !id || !state.isLive;
  if (!id) return;
  byId("save-choices").replaceChildren(...EXPORTS.map(([ending, name, told]) => h("li", null,
    h("a", { href: `/t/${encodeURIComponent(id)}.${ending}`, download: true }, name, h("span", { class: "dim" }, told)))));
}
