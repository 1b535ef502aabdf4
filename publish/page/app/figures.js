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

/* Which rows of a column are NULL: 1 each; null if none is. An array, not a function: it is asked a million times. */
function nullsOf(column) {
  if (column.kind !== "text") return column.nulls;
  if (column.textNulls === undefined) {
    const { codes, dictionary } = column;
    const nulls = new Uint8Array(codes.length);
    let some = false;
    for (let row = 0; row < codes.length; row++)
      if (codes[row] === dictionary.length) {
        nulls[row] = 1;
        some = true;
      }
    column.textNulls = some ? nulls : null;
  }
  return column.textNulls;
}

function aggregate(mart, rows, ids, count, [aggregation, name], shared) {
  const column = gta.tables[mart].columns[name];
  const result = new Array(count).fill(null);
  if (!column) return result;
  const nulls = nullsOf(column);
  const size = rows.length;
  if (aggregation === "count" || (aggregation === "distinct" && column.kind === "key")) {
    const counts = new Float64Array(count);
    for (let place = 0; place < size; place++) if (nulls === null || !nulls[rows[place]]) counts[ids[place]]++;
    return Array.from(counts);
  }
  if (aggregation === "distinct") {
    const { codes, dictionary } = gta.coded(mart, name);
    const seen = Array.from({ length: count }, () => new Set());
    for (let place = 0; place < size; place++)
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
    for (let place = 0; place < size; place++) {
      const row = rows[place];
      if (nulls !== null && nulls[row]) continue;
      sums[ids[place]] += values[row];
      counts[ids[place]]++;
    }
    for (let id = 0; id < count; id++)
      if (counts[id]) result[id] = aggregation === "sum" ? sums[id] : sums[id] / counts[id];
    return result;
  }
  // The least or the greatest; of text by its codes, which are in its order.
  const compared = kind === "text" ? column.codes : values;
  const sign = aggregation === "min" ? 1 : -1;
  const best = new Float64Array(count).fill(Infinity);
  for (let place = 0; place < size; place++) {
    const row = rows[place];
    if (nulls !== null && nulls[row]) continue;
    const value = sign * compared[row];
    if (value < best[ids[place]]) best[ids[place]] = value;
  }
  return Array.from(best, (value) => {
    if (value === Infinity) return null;
    if (kind === "text") return column.dictionary[sign * value];
    return kind === "date" ? gta.day(sign * value) : sign * value;
  });
}

/* Rows with a known value in the order of the values, and the values: sorted once, whatever the filters. */
function ascending(column) {
  if (column.ascending) return column.ascending;
  const { values, whole } = column;
  const nulls = nullsOf(column);
  let rows = new Uint32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) if (nulls === null || !nulls[row]) rows[count++] = row;
  rows = rows.slice(0, count);
  if (whole instanceof Float64Array || whole instanceof Float32Array) rows.sort((a, b) => values[a] - values[b]);
  else {
    // By the lower 16 bits, then by the upper ones; negative numbers come first if the sign is turned.
    const turn = /^Int/.test(whole.constructor.name) ? 0x80000000 : 0;
    for (const shift of [0, 16]) {
      const starts = new Uint32Array(65537);
      for (let place = 0; place < count; place++) starts[(((whole[rows[place]] ^ turn) >>> shift) & 0xffff) + 1]++;
      for (let bucket = 0; bucket < 65536; bucket++) starts[bucket + 1] += starts[bucket];
      const next = new Uint32Array(count);
      for (let place = 0; place < count; place++) next[starts[((whole[rows[place]] ^ turn) >>> shift) & 0xffff]++] = rows[place];
      rows = next;
    }
  }
  const sorted = new Float64Array(count);
  for (let place = 0; place < count; place++) sorted[place] = values[rows[place]];
  return (column.ascending = { rows, sorted });
}

/* The known values of each group, sorted: those of group g are from starts[g] up to starts[g + 1]. */
function sortedValues(column, rows, ids, count, name, shared) {
  if (shared.has(name)) return shared.get(name);
  const nulls = nullsOf(column);
  // Groups are numbered from 1, in as few bytes as possible: the next loop jumps about in them.
  const group = new (count < 255 ? Uint8Array : Uint32Array)(column.values.length);
  const starts = new Uint32Array(count + 1);
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place];
    if (nulls !== null && nulls[row]) continue;
    group[row] = ids[place] + 1;
    starts[ids[place] + 1]++;
  }
  for (let id = 0; id < count; id++) starts[id + 1] += starts[id];
  const values = new Float64Array(starts[count]);
  const next = starts.slice();
  const all = ascending(column);
  for (let place = 0; place < all.rows.length; place++) {
    const id = group[all.rows[place]];
    if (id) values[next[id - 1]++] = all.sorted[place];
  }
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
    const nulls = nullsOf(column);
    if (wanted === "known") rows = nulls === null || nulls === undefined ? rows : rows.filter((row) => !nulls[row]);
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

/* The sum of what is known, of records. */
gta.sum = (rows, key) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);

gta.figures = function (visual, ctx) {
  const rows = gta.where(visual.mart, ctx.rows(visual.mart), visual.where);
  const values = Object.values(visual.values).map((value, place) => [`value_${place + 1}`, [value.aggregation, value.column]]);
  const groups = [visual.category, visual.color].filter(Boolean);
  return gta.group(visual.mart, rows, groups, Object.fromEntries(values));
};
