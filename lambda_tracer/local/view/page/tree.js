// A trace as a tree, and the rows that it is shown in. Depth is no limit: nothing here calls itself.

/** From so many equally named siblings on, one row stands for all of them. */
export const GROUP_SIZE = 10;

/** Entries of nodes, with their children and where they are. */
export class Tree {
  constructor(answer) {
    this.answer = answer;
    this.summary = answer.summary;
    this.entries = new Map();
    this.roots = [];
    this.groups = null;
    this.services = new Map();
    let start = Infinity;
    let end = -Infinity;
    for (const node of answer.nodes) {
      const parent = this.entries.get(node.parent) ?? null;
      const entry = { id: node.id, node, parent, children: [], depth: parent ? parent.depth + 1 : 0, groups: null };
      if (!this.services.has(node.service)) this.services.set(node.service, this.services.size);
      this.entries.set(node.id, entry);
      (parent ? parent.children : this.roots).push(entry);
      if (node.start !== null) start = Math.min(start, node.start);
      end = Math.max(end, node.end ?? node.start ?? -Infinity);
    }
    this.start = Number.isFinite(start) ? start : 0;
    this.end = Math.max(Number.isFinite(end) ? end : 0, this.start);
    this.length = Math.max(this.end - this.start, 1e-6);
    /** All of its time, from its start. */
    this.whole = [0, this.length];
    this.problems = new Map();
    for (const problem of answer.problems) {
      this.problems.set(problem.id, [...this.problems.get(problem.id) ?? [], problem.message]);
    }
    this.critical = criticalTimes(this);
  }

  /** Every entry, parents first, as the rows are. */
  *inOrder() {
    const waiting = this.roots.toReversed();
    while (waiting.length) {
      const entry = waiting.pop();
      yield entry;
      for (let at = entry.children.length - 1; at >= 0; at--) waiting.push(entry.children[at]);
    }
  }

  /** Of eight colours that of a service, in the order in which services are first met. */
  colour(service) {
    return (this.services.get(service) ?? 0) % 8;
  }

  startOf(entry) {
    return entry.node.start ?? this.start;
  }

  /** What has not ended lasts until the end of what is known. */
  endOf(entry) {
    return Math.max(entry.node.end ?? this.end, this.startOf(entry));
  }

  durationOf(entry) {
    return entry.node.start === null ? null : this.endOf(entry) - this.startOf(entry);
  }

  /** Where it stands in the tree, by names. */
  pathOf(entry) {
    const names = [];
    for (let at = entry; at; at = at.parent) names.unshift(at.node.name);
    return names;
  }
}

/** Did something go wrong in it? */
export const isFaulty = (node) => node.fault || node.error || node.throttle;

/** The times in which nothing but this one kept the trace waiting: the critical path without what is below it. */
function criticalTimes(tree) {
  const path = new Set(tree.answer.critical_path);
  const times = new Map();
  for (const id of path) {
    const entry = tree.entries.get(id);
    if (!entry || entry.node.start === null) continue;
    const own = [];
    let at = tree.startOf(entry);
    const below = entry.children.filter((child) => path.has(child.id) && child.node.start !== null);
    for (const child of below.sort((a, b) => a.node.start - b.node.start)) {
      if (child.node.start > at) own.push([at, Math.min(child.node.start, tree.endOf(entry))]);
      at = Math.max(at, tree.endOf(child));
    }
    if (tree.endOf(entry) > at) own.push([at, tree.endOf(entry)]);
    times.set(id, own);
  }
  return times;
}

/** Siblings by name, where there are many of one: the group that each of them is in. */
function groupsOf(siblings) {
  const byName = new Map();
  for (const entry of siblings) {
    const name = `${entry.node.kind} ${entry.node.service} ${entry.node.name}`;
    const group = byName.get(name);
    if (group) group.push(entry);
    else byName.set(name, [entry]);
  }
  const groups = new Map();
  for (const members of byName.values()) {
    if (members.length < GROUP_SIZE) continue;
    const group = { key: `group ${members[0].id}`, members, parent: members[0].parent };
    for (const member of members) groups.set(member, group);
  }
  return groups;
}

/** The group of equal siblings that an entry is in, or null. */
export function groupOf(tree, entry) {
  return siblingGroups(tree, entry.parent).get(entry) ?? null;
}

function siblingGroups(tree, parent) {
  const holder = parent ?? tree;
  holder.groups ??= groupsOf(parent ? parent.children : tree.roots);
  return holder.groups;
}

/** The rows from top to bottom: `{key, entry or group, level, isOpen: null where nothing is below, at, of}`. */
export function visibleRows(tree, folds) {
  const rows = [];
  const waiting = [];
  push(waiting, siblingRows(tree, null, tree.roots, 1));
  while (waiting.length) {
    const row = waiting.pop();
    rows.push(row);
    if (row.group) {
      row.isOpen = folds.opened.has(row.key);
      const { members } = row.group;
      if (row.isOpen) push(waiting, members.map((entry, at) => entryRow(entry, row.level + 1, at, members.length)));
    } else if (row.entry.children.length) {
      row.isOpen = !folds.closed.has(row.key);
      if (row.isOpen) push(waiting, siblingRows(tree, row.entry, row.entry.children, row.level + 1));
    }
  }
  return rows;
}

function push(waiting, rows) {
  for (let at = rows.length - 1; at >= 0; at--) waiting.push(rows[at]);
}

function siblingRows(tree, parent, siblings, level) {
  const groups = siblingGroups(tree, parent);
  if (!groups.size) return siblings.map((entry, at) => entryRow(entry, level, at, siblings.length));
  const rows = [];
  for (const entry of siblings) {
    const group = groups.get(entry);
    if (!group) rows.push(entryRow(entry, level, 0, 0));
    else if (group.members[0] === entry) rows.push({ key: group.key, group, level, isOpen: false });
  }
  rows.forEach((row, at) => Object.assign(row, { at, of: rows.length }));
  return rows;
}

const entryRow = (entry, level, at, of) => ({ key: entry.id, entry, level, isOpen: null, at, of });

/** Folds in which an entry has a row of its own: whatever is above it is open. */
export function revealing(tree, folds, id) {
  const closed = new Set(folds.closed);
  const opened = new Set(folds.opened);
  for (let entry = tree.entries.get(id); entry; entry = entry.parent) {
    if (entry.id !== id) closed.delete(entry.id);
    const group = groupOf(tree, entry);
    if (group) opened.add(group.key);
  }
  const isChanged = closed.size !== folds.closed.size || opened.size !== folds.opened.size;
  return isChanged ? { closed, opened } : folds;
}
