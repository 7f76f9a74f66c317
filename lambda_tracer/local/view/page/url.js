// The address of what is shown: `#/trace/ID/NODE?view=map&with=ID2&filter=...`.

import { change, state } from "./store.js";

const VIEWS = new Set(["timeline", "map", "compare"]);

/** What an address says; whatever it does not say is as at the start. */
export function parsed(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [, kind, trace, node] = path.split("/").map(decoded);
  const asked = new URLSearchParams(query);
  return {
    route: {
      trace: kind === "trace" && trace || null,
      node: kind === "trace" && node || null,
      view: VIEWS.has(asked.get("view")) ? asked.get("view") : "timeline",
      with: asked.get("with"),
      scope: asked.get("scope") === "all" ? "all" : "trace",
    },
    filter: asked.get("filter") ?? "",
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a route. */
export function address(route, filter = state.filter) {
  const path = [route.trace && "trace", route.trace, route.trace && route.node].filter(Boolean);
  const asked = new URLSearchParams();
  if (route.view !== "timeline") asked.set("view", route.view);
  if (route.with && route.view === "compare") asked.set("with", route.with);
  if (route.scope === "all" && route.view === "map") asked.set("scope", "all");
  if (filter) asked.set("filter", filter);
  const query = asked.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query && `?${query}`}`;
}

/** Go somewhere else; the parts that are not named stay. `quietly`: the way back doesn't stop here. */
export function go(parts, { quietly = false } = {}) {
  const route = { ...state.route, ...parts };
  change({ route });
  const next = address(route);
  if (next === location.hash) return;
  if (quietly) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
}

/** Follow the back and forward buttons, and addresses that are typed in. */
export function followAddress(onFilter) {
  addEventListener("popstate", () => {
    const { route, filter } = parsed(location.hash);
    change({ route });
    if (filter !== state.filter) onFilter(filter);
  });
}
