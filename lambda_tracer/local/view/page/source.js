// Where traces come from: the server that this page is from, or the data that was put into a page saved as a file.

/** What a saved page has in it, or null. */
export function embedded() {
  const element = document.getElementById("data");
  return element ? JSON.parse(element.textContent) : null;
}

/** Why an answer is not the one that was asked for, in a sentence for the reader. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The server. All of its methods raise `Refused`, with status 0 if it cannot be reached. */
export class Server {
  isLive = true;

  /** Those that match; with `after` only what has changed since that revision. */
  summaries(filter, after = 0) {
    return ask(`/api/traces${query({ filter, after })}`);
  }

  trace(id) {
    return ask(`/api/traces/${encodeURIComponent(id)}`);
  }

  graph(filter) {
    return ask(`/api/graph${query({ filter })}`);
  }

  clear() {
    return ask("/api/traces", { method: "DELETE" });
  }

  /** Hand over a file with traces in any of the forms that the server reads. */
  open(file) {
    return ask("/api/open", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("The server does not answer.", 0);
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    throw new Refused("The server's answer is no JSON.", response.status);
  }
  if (!response.ok) throw new Refused(answer?.message ?? `The server answered ${response.status}.`, response.status);
  return answer;
}

export function query(values) {
  const asked = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  return asked.size ? `?${asked}` : "";
}

/** A saved page. Its filter is a plain text, looked for in names, ids, annotations and the words of flags. */
export class SavedPage {
  isLive = false;

  constructor(data) {
    this.data = data;
  }

  async summaries(filter) {
    const wanted = filter.toLowerCase();
    const traces = this.data.traces.filter((summary) => JSON.stringify(told(summary)).toLowerCase().includes(wanted));
    return { traces, total: this.data.traces.length, matched: traces.length, dropped: 0, limits: null, bytes: 0, server: null };
  }

  async trace(id) {
    const answer = this.data.details[id];
    if (!answer) throw new Refused("This page does not hold that trace.", 404);
    return answer;
  }

  /** The graphs of all its traces as one. */
  async graph(filter) {
    const services = new Map();
    const edges = new Map();
    const { traces } = await this.summaries(filter);
    for (const { id } of traces) {
      const graph = this.data.details[id]?.graph;
      if (!graph) continue;
      const keys = new Map(graph.services.map((service) => [service.id, `${service.name} ${service.type}`]));
      for (const service of graph.services) add(services, keys.get(service.id), service);
      for (const edge of graph.edges) add(edges, `${keys.get(edge.from)} ${keys.get(edge.to)}`, { ...edge, from: keys.get(edge.from), to: keys.get(edge.to) });
    }
    const numbers = new Map([...services.keys()].map((key, at) => [key, at]));
    return {
      services: [...services].map(([key, service]) => ({ ...service, id: numbers.get(key) })),
      edges: [...edges.values()].map((edge) => ({ ...edge, from: numbers.get(edge.from), to: numbers.get(edge.to) })),
    };
  }
}

function told(summary) {
  const { id, name, services, annotations, user, http, fault, error, throttle, cold_start: cold, kept } = summary;
  return [id, name, services, annotations, user, http, { fault, error, throttle, "cold start": cold, "kept, not sampled": kept?.length }].map((value, at) => (
    at === 7 ? Object.keys(value).filter((word) => value[word]) : value));
}

const SUMS = ["count", "ok", "error", "fault", "throttle", "total_time"];

function add(sums, key, values) {
  const sum = sums.get(key);
  if (!sum) sums.set(key, { ...values });
  else for (const name of SUMS) sum[name] += values[name];
}
