// Where the services of a map stand: layers by longest path from who calls, and an order in which few lines cross.

/** Of more services than this, only the neighbourhood of one is laid out. */
export const MOST_SERVICES = 60;

const SWEEPS = 6;

/**
 * Places of services and lines between them, in units of one layer and one place:
 * `{nodes: Map of id to {layer, place}, edges: [{edge, points: [{layer, place}], isBack}], layers, places}`.
 */
export function layout(graph) {
  const ids = new Set(graph.services.map((service) => service.id));
  const edges = graph.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to) && edge.from !== edge.to);
  const back = backEdges(graph, edges);
  const forward = edges.map((edge) => (back.has(edge) ? { edge, from: edge.to, to: edge.from } : { edge, from: edge.from, to: edge.to }));
  const layerOf = layersOf(graph.services, forward);
  const layers = [];
  const put = (key, layer) => (layers[layer] ??= []).push(key);
  for (const { id } of graph.services) put(id, layerOf.get(id));
  // A line that passes layers has a place in each of them.
  const chains = forward.map(({ edge, from, to }, number) => {
    const chain = [from];
    for (let layer = layerOf.get(from) + 1; layer < layerOf.get(to); layer++) {
      const key = `line ${number} ${layer}`;
      put(key, layer);
      chain.push(key);
    }
    return { edge, chain: [...chain, to], first: layerOf.get(from) };
  });
  const place = ordered(layers, chains);
  const lines = chains.map(({ edge, chain, first }) => {
    const points = chain.map((key, at) => ({ layer: first + at, place: place.get(key) }));
    return { edge, points: back.has(edge) ? points.reverse() : points, isBack: back.has(edge) };
  });
  const nodes = new Map(graph.services.map(({ id }) => [id, { layer: layerOf.get(id), place: place.get(id) }]));
  return { nodes, edges: lines, layers: layers.length, places: Math.max(...layers.map((layer) => layer.length), 0) };
}

/** Edges that close a circle, when one goes down from the roots. */
function backEdges(graph, edges) {
  const out = new Map(graph.services.map(({ id }) => [id, []]));
  for (const edge of edges) out.get(edge.from).push(edge);
  const back = new Set();
  const seen = new Map();  // true while on the way
  const starts = graph.services.toSorted((a, b) => Number(b.root) - Number(a.root));
  for (const { id } of starts) {
    const way = seen.has(id) ? [] : [{ id, next: 0 }];
    if (way.length) seen.set(id, true);
    while (way.length) {
      const here = way.at(-1);
      const edge = out.get(here.id)[here.next++];
      if (!edge) seen.set(way.pop().id, false);
      else if (seen.get(edge.to)) back.add(edge);
      else if (!seen.has(edge.to)) {
        seen.set(edge.to, true);
        way.push({ id: edge.to, next: 0 });
      }
    }
  }
  return back;
}

function layersOf(services, forward) {
  const layer = new Map(services.map(({ id }) => [id, 0]));
  const entering = new Map(services.map(({ id }) => [id, 0]));
  for (const { to } of forward) entering.set(to, entering.get(to) + 1);
  const ready = services.filter(({ id }) => !entering.get(id)).map(({ id }) => id);
  while (ready.length) {
    const id = ready.shift();
    for (const { from, to } of forward) {
      if (from !== id) continue;
      layer.set(to, Math.max(layer.get(to), layer.get(id) + 1));
      entering.set(to, entering.get(to) - 1);
      if (!entering.get(to)) ready.push(to);
    }
  }
  return layer;
}

/** Barycentres, forwards and backwards in turn: each stands in the middle of its neighbours, as near as may be. */
function ordered(layers, chains) {
  const neighbours = { before: new Map(), after: new Map() };
  const link = (map, key, other) => map.set(key, [...map.get(key) ?? [], other]);
  for (const { chain } of chains) {
    for (let at = 1; at < chain.length; at++) {
      link(neighbours.before, chain[at], chain[at - 1]);
      link(neighbours.after, chain[at - 1], chain[at]);
    }
  }
  const place = new Map();
  for (const layer of layers) centre(layer, place);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    const sides = isForward ? neighbours.before : neighbours.after;
    for (const layer of isForward ? layers : layers.toReversed()) {
      const wish = new Map(layer.map((key) => [key, mean(sides.get(key), place) ?? place.get(key)]));
      layer.sort((a, b) => wish.get(a) - wish.get(b));
      centre(layer, place);
    }
  }
  return place;
}

const centre = (layer, place) => layer.forEach((key, at) => place.set(key, at - (layer.length - 1) / 2));

const mean = (keys, place) => keys?.length ? keys.reduce((sum, key) => sum + place.get(key), 0) / keys.length : null;

/** A graph with one service and those nearest to it, at most `MOST_SERVICES`. */
export function neighbourhood(graph, id) {
  const kept = new Set([id]);
  let edge = [id];
  while (edge.length && kept.size < MOST_SERVICES) {
    const next = [];
    for (const { from, to } of graph.edges) {
      for (const [here, there] of [[from, to], [to, from]]) {
        if (edge.includes(here) && !kept.has(there) && kept.size < MOST_SERVICES) {
          kept.add(there);
          next.push(there);
        }
      }
    }
    edge = next;
  }
  return {
    services: graph.services.filter((service) => kept.has(service.id)),
    edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

/** The service with the most lines: what a map that is too large begins with. */
export function busiest(graph) {
  const lines = new Map();
  for (const { from, to } of graph.edges) for (const id of [from, to]) lines.set(id, (lines.get(id) ?? 0) + 1);
  return graph.services.reduce((best, { id }) => ((lines.get(id) ?? 0) > (lines.get(best) ?? -1) ? id : best), graph.services[0]?.id);
}
