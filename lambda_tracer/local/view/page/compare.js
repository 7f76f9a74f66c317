// Two traces side by side: subsegments are paired by their names from the root down.

/** Of more equally named siblings than this, their sums are compared. */
const PAIRED_ONE_BY_ONE = 5;

/**
 * Rows `{key, name, level, a, b, children, isLeaf}` from the top, where a side is null or
 * `{start, duration, count, entry, fault}`, times in seconds from the start of its trace.
 */
export function aligned(treeA, treeB) {
  const top = { children: [] };
  const waiting = [[top, treeA.roots, treeB.roots, 1, ""]];
  while (waiting.length) {
    const [parent, as, bs, level, path] = waiting.pop();
    for (const [name, ours, theirs] of paired(as, bs, level)) {
      const isSummed = Math.max(ours.length, theirs.length) > PAIRED_ONE_BY_ONE;
      const times = isSummed ? 1 : Math.max(ours.length, theirs.length);
      for (let at = 0; at < times; at++) {
        const a = isSummed ? ours : ours.slice(at, at + 1);
        const b = isSummed ? theirs : theirs.slice(at, at + 1);
        const row = { key: `${path}/${name}#${at}`, name, level, a: side(treeA, a), b: side(treeB, b), children: [] };
        parent.children.push(row);
        if (!isSummed) waiting.push([row, a[0]?.children ?? [], b[0]?.children ?? [], level + 1, row.key]);
      }
    }
    parent.children.sort((one, other) => startOf(one) - startOf(other));
  }
  return top.children;
}

/** Rows are in the order of the first trace; what only the second has stands where it would be by its time. */
const startOf = (row) => row.a?.start ?? row.b.start;

/** By name; single roots belong to each other whatever they are called. */
function paired(as, bs, level) {
  if (level === 1 && as.length === 1 && bs.length === 1) return [[as[0].node.name, as, bs]];
  const names = new Map();
  for (const [at, entries] of [[1, as], [2, bs]]) {
    for (const entry of entries) {
      const pair = names.get(entry.node.name) ?? [entry.node.name, [], []];
      pair[at].push(entry);
      names.set(entry.node.name, pair);
    }
  }
  return names.values();
}

function side(tree, entries) {
  if (!entries.length) return null;
  return {
    entry: entries[0],
    count: entries.length,
    start: Math.min(...entries.map((entry) => tree.startOf(entry))) - tree.start,
    duration: entries.reduce((sum, entry) => sum + (tree.durationOf(entry) ?? 0), 0),
    fault: entries.some((entry) => entry.node.fault),
    service: entries[0].node.service,
  };
}

/** The rows that are shown, from top to bottom, each with where it stands among its siblings. */
export function comparedRows(rows, closed) {
  const shown = [];
  const waiting = [];
  const push = (siblings) => {
    for (let at = siblings.length - 1; at >= 0; at--) waiting.push(Object.assign(siblings[at], { at, of: siblings.length }));
  };
  push(rows);
  while (waiting.length) {
    const row = waiting.pop();
    row.isOpen = row.children.length ? !closed.has(row.key) : null;
    shown.push(row);
    if (row.isOpen) push(row.children);
  }
  return shown;
}

/** How much longer the second took; null where one of them is missing. */
export const difference = (row) => (row.a && row.b ? row.b.duration - row.a.duration : null);

/** With which trace one would compare: one of the same name, cold with warm if there is such, the nearest in time. */
export function counterpart(summary, summaries) {
  const score = (other) => (other.name === summary.name ? 4 : 0) + (other.cold_start !== summary.cold_start ? 2 : 0)
    + (other.fault === summary.fault ? 1 : 0);
  let best = null;
  for (const other of summaries) {
    if (other.id === summary.id || other.in_progress) continue;
    const away = Math.abs(other.start - summary.start);
    const points = score(other);
    if (!best || points > best.points || points === best.points && away < best.away) best = { other, points, away };
  }
  return best?.other.id ?? null;
}
