/* Figures: groups of rows and what is counted of them, as publish/visuals.py says it in SQL. NULLs are skipped; percentiles
 * are interpolated; a group is there if any row is, even if all of its values are NULL. */

const PERCENTILES = { p50: 0.5, p95: 0.95 };

/* The group of each row, and the codes that name the groups; of the same rows once. */
const groupings = new WeakMap();
function grouped(mart, rows, names) {
  if (!groupings.has(rows)) groupings.set(rows, new Map());
  const key = mart + "|" + names.join();
  if (!groupings.get(rows).has(key)) groupings.get(rows).set(key, groupsOf(mart, rows, names));
  return groupings.get(rows).get(key);
}
function groupsOf(mart, rows, names) {
  const columns = names.map((name) => gta.coded(mart, name));
  const ids = new Uint32Array(rows.length);
  let tuples = [[]];
  columns.forEach((column) => {
    const width = column.dictionary.length + 1;
    const dense = tuples.length * width <= 4e6;
    const index = dense ? new Int32Array(tuples.length * width).fill(-1) : new Map();
    const next = [];
    for (let place = 0; place < rows.length; place++) {
      const code = column.codes[rows[place]];
      const key = ids[place] * width + code;
      let id = dense ? index[key] : (index.get(key) ?? -1);
      if (id < 0) {
        id = next.length;
        next.push([...tuples[ids[place]], code]);
        if (dense) index[key] = id;
        else index.set(key, id);
      }
      ids[place] = id;
    }
    tuples = next;
  });
  return { ids, tuples, columns };
}

function known(column, rows) {
  // The row's value is known: of text and of numbers.
  if (column.kind === "key") return () => true;
  if (column.kind === "text") return (row) => column.codes[row] !== column.dictionary.length;
  return column.nulls ? (row) => !column.nulls[row] : () => true;
}

function aggregate(mart, rows, ids, count, [aggregation, name], shared) {
  const column = gta.tables[mart].columns[name];
  const result = new Array(count).fill(null);
  if (!column) return result;
  const isKnown = known(column);
  if (aggregation === "count" || (aggregation === "distinct" && column.kind === "key")) {
    const counts = new Float64Array(count);
    for (let place = 0; place < rows.length; place++) if (isKnown(rows[place])) counts[ids[place]]++;
    return Array.from(counts);
  }
  if (aggregation === "distinct") {
    const { codes, dictionary } = gta.coded(mart, name);
    const seen = Array.from({ length: count }, () => new Set());
    for (let place = 0; place < rows.length; place++)
      if (codes[rows[place]] !== dictionary.length) seen[ids[place]].add(codes[rows[place]]);
    return seen.map((set) => set.size);
  }
  if (aggregation in PERCENTILES) {
    const { values, starts } = sortedValues(column, rows, ids, count, name, shared);
    for (let id = 0; id < count; id++) {
      const n = starts[id + 1] - starts[id];
      if (!n) continue;
      const place = PERCENTILES[aggregation] * (n - 1);
      const low = values[starts[id] + Math.floor(place)];
      const high = values[starts[id] + Math.ceil(place)];
      result[id] = low + (high - low) * (place - Math.floor(place));
    }
    return result;
  }
  const { values, kind } = column;
  if (aggregation === "sum" || aggregation === "mean") {
    const sums = new Float64Array(count);
    const counts = new Float64Array(count);
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place];
      if (!isKnown(row)) continue;
      sums[ids[place]] += values[row];
      counts[ids[place]]++;
    }
    for (let id = 0; id < count; id++)
      if (counts[id]) result[id] = aggregation === "sum" ? sums[id] : sums[id] / counts[id];
    return result;
  }
  const better = aggregation === "min" ? (a, b) => a < b : (a, b) => a > b;
  if (kind === "text") {
    for (let place = 0; place < rows.length; place++) {
      const code = column.codes[rows[place]];
      const id = ids[place];
      if (code !== column.dictionary.length && (result[id] === null || better(code, result[id]))) result[id] = code;
    }
    return result.map((code) => (code === null ? null : column.dictionary[code]));
  }
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place];
    const id = ids[place];
    if (isKnown(row) && (result[id] === null || better(values[row], result[id]))) result[id] = values[row];
  }
  if (kind === "date") return result.map((value) => (value === null ? null : gta.day(value)));
  return result;
}

/* Rows with a known value, in the order of the values: sorted once, whatever the filters. */
function ascending(column) {
  if (column.ascending) return column.ascending;
  const isKnown = known(column);
  const { values, whole } = column;
  let rows = new Uint32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) if (isKnown(row)) rows[count++] = row;
  rows = rows.slice(0, count);
  if (whole instanceof Float64Array || whole instanceof Float32Array) rows.sort((a, b) => values[a] - values[b]);
  else {
    // By the lower 16 bits, then by the upper ones; negative numbers come first if the sign is turned.
    const turn = /^Int/.test(whole.constructor.name) ? 0x80000000 : 0;
    for (const shift of [0, 16]) {
      const starts = new Uint32Array(65537);
      for (let place = 0; place < count; place++) starts[((((whole[rows[place]] ^ turn) >>> shift) & 0xffff) + 1)]++;
      for (let bucket = 0; bucket < 65536; bucket++) starts[bucket + 1] += starts[bucket];
      const next = new Uint32Array(count);
      for (let place = 0; place < count; place++) next[starts[((whole[rows[place]] ^ turn) >>> shift) & 0xffff]++] = rows[place];
      rows = next;
    }
  }
  return (column.ascending = rows);
}

function sortedValues(column, rows, ids, count, name, shared) {
  if (shared.has(name)) return shared.get(name);
  const isKnown = known(column);
  const group = new Int32Array(column.values.length).fill(-1);
  const starts = new Uint32Array(count + 1);
  for (let place = 0; place < rows.length; place++) {
    if (!isKnown(rows[place])) continue;
    group[rows[place]] = ids[place];
    starts[ids[place] + 1]++;
  }
  for (let id = 0; id < count; id++) starts[id + 1] += starts[id];
  const values = new Float64Array(starts[count]);
  const next = starts.slice();
  for (const row of ascending(column)) if (group[row] >= 0) values[next[group[row]]++] = column.values[row];
  shared.set(name, { values, starts });
  return shared.get(name);
}

/* Rows of a mart in groups: [{column: value, …, name: figure, …}], in the order of the groups, NULL last. */
gta.group = function (mart, rows, names, figures) {
  if (!gta.tables[mart]) return [];
  const { ids, tuples, columns } = grouped(mart, rows, names);
  const count = rows.length || !names.length ? tuples.length : 0;
  const shared = new Map();
  const results = Object.entries(figures).map(([name, figure]) => [name, aggregate(mart, rows, ids, count, figure, shared)]);
  const order = Array.from({ length: count }, (_, id) => id);
  order.sort((a, b) => {
    for (let place = 0; place < names.length; place++)
      if (tuples[a][place] !== tuples[b][place]) return tuples[a][place] - tuples[b][place];
    return 0;
  });
  return order.map((id) => {
    const row = {};
    names.forEach((name, place) => (row[name] = columns[place].dictionary[tuples[id][place]] ?? null));
    for (const [name, values] of results) row[name] = values[id];
    return row;
  });
};

/* Of some rows, those that have what `where` says: {column: value, [values], or "known"}. */
gta.where = function (mart, rows, where = {}) {
  for (const [name, wanted] of Object.entries(where)) {
    const column = gta.tables[mart].columns[name];
    if (!column) return new Uint32Array(0);
    const isKnown = known(column);
    if (wanted === "known") rows = rows.filter(isKnown);
    else {
      const { codes, dictionary } = gta.coded(mart, name);
      const texts = new Set(Array.isArray(wanted) ? wanted : [wanted]);
      const allowed = new Uint8Array(dictionary.length + 1);
      dictionary.forEach((word, code) => (allowed[code] = texts.has(word) ? 1 : 0));
      if (texts.has(null)) allowed[dictionary.length] = 1;
      rows = rows.filter((row) => allowed[codes[row]]);
    }
  }
  return rows;
};

gta.figures = function (visual, ctx) {
  const rows = gta.where(visual.mart, ctx.rows(visual.mart), visual.where);
  const values = Object.values(visual.values).map((value, place) => [`value_${place + 1}`, [value.aggregation, value.column]]);
  const groups = [visual.category, visual.color].filter(Boolean);
  return gta.group(visual.mart, rows, groups, Object.fromEntries(values));
};
