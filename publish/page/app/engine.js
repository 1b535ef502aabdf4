/* The page's engine: data, filters, pages. Everything is under `gta`; all names in data are hostile: text only through
 * textContent, keys only in Map, categories of charts only as numbers (charts.js).
 *
 * HOW TO WRITE A PAGE
 *
 *   gta.definePage({
 *     id: "quality",                    // its route: #quality, or #quality/ARGUMENT (ctx.argument)
 *     title: "Quality",                 // of the tab; hidden: true for a page without a tab
 *     marts: ["rpt_agreement", …],      // what it reads; if the warehouse lacks all of them, the page says so by itself
 *     filters: ["job", "job_kind", …],  // those that reach some of its marts: the others are switched off, with the reason
 *     render(root, ctx) { … },          // draws into root; called again after every filter; may be async
 *   });
 *
 * DATA
 *   gta.has(mart), gta.has(mart, column)    is it in the page?
 *   gta.tables[mart]                        {length, columns: {name: {kind, codes?, dictionary?, values?, nulls?}}}
 *     kind text: codes into dictionary, NULL is code dictionary.length · int, float, time, date, bool: values, and nulls
 *     (1 is NULL) or null · key: nothing, one per row. Dates are days and times milliseconds since 1970.
 *   gta.get(mart, column, row)              text, number, boolean, "2026-06-30", "2026-06-30 12:05:00", or null
 *   gta.row(mart, row)                      a Map of all columns of a row
 *   await gta.load("fct_object_labels")     this one is decoded only when asked for
 *   ctx.rows(mart, {ignore: ["worker"]})    Uint32Array of the row numbers that pass the active filters for which the mart
 *                                           has a column
 *   gta.about(ctx, mart, where)             records of a mart of reviews: those by the filtered jobs, and those of their labels
 *   ctx.records(mart, {ignore, where})      the same as plain objects {column: value}; where: {column: value | [values]}
 *   gta.figures(visual, ctx)                figures of a visual of visuals.yml: [{group columns…, value_1, …}], as SQL's
 *   gta.visual(id)                          a visual by id
 *   gta.group(mart, rows, [columns], {name: [aggregation, column]})  the same for anything: [{column: …, name: …}]
 *   gta.wilson(share, n)                    {low, high}: 95 %
 *   ctx.argument                            what is after the slash in the route
 *   ctx.small(n)                            is n too small to judge?
 *
 * BUILDING BLOCKS  (each is appended to the current section's grid, or to `into`)
 *   ctx.section(title, text?)
 *   ctx.card({id, title, value, n, low, high, change, format, why, marts, onClick})
 *       change: {value, low?, high?, text, good: "up" | "down"} against the period before
 *       onClick shows what is behind the value; a value without one says that there is nothing to list
 *   ctx.visual(id, {onClick?, …})          a shared visual, drawn as its kind says; of a table also columns: {title: {…}} to
 *       change columns, and extend(columns, rows) to add some
 *   ctx.chart({id, title, kind, rows, …})  rows: plain objects; below, `x: "column"` names a field of them
 *       kind bar          category, value, low?, high?, n?, color?           horizontal, in the order of the rows
 *       kind stacked_bar  category, color, value
 *       kind line         x (a date or a number), y, color?, low?, high?     rules?: [{y, text}], band?: [low, high] fields
 *       kind donut, pie   category, value
 *       kind histogram    category (a number), value
 *       kind scatter      x, y, label, xlow?, xhigh?, low?, high?, n?, color?  diagonal?: true
 *       kind heatmap      row, column, value, n?                             text?: true writes the values
 *       kind interval     category, value, low, high, n?, target(s)?         a dot with its interval, per row
 *       common            format, xformat, xtitle, ytitle, why, wide, tall (two rows high), height, marts, onClick(row), limit, columns
 *       Small n is grey. "Show as table" is under each chart: columns?: as of ctx.table, default the fields above.
 *   ctx.table({id, title, columns: [{key, title, format, align, warn, n, link, button}], rows, sort: "key" | "-key",
 *              search: true, csv: true, onRow, marts, wide, why, size})
 *       warn: "< 0.8" or (value, row) => boolean · n: field with the count behind the value; small ones are grey
 *       link: row => "#worker/…" · low, high: fields with the interval, written behind the value
 *   ctx.matrix({…})                        a table of cells with share, n and interval: matrix.js
 *   ctx.note(text)                         a sentence
 *   ctx.empty(text)                        why there is nothing
 *   gta.drill({title, mart, rows, count, what})  a dialog with the tasks or objects behind a number, with their uris; count: the
 *                                          number, if the page may have fewer rows than it counts
 *   gta.drillJobs(ctx, title, jobs, {ignore, status, count, what})  the same of the objects of jobs; ignore: filters; status: values
 *                                          of label_status
 *   gta.drillReviews(ctx, title, jobs)     the same of the reviewed objects of jobs, with the verdict of the first review
 *   gta.drillList(ctx, {title, rows, columns, what})  the same of plain objects. Rows about a job (job_name) and no object
 *                                          open the objects of that job
 *   format: number, decimal, seconds, hours, share, score, usd, date, time, text, bool, progress
 *   marts: what it was made of; it then says by itself which active filters do not reach it. Default: the page's first.
 *
 * TESTS
 *   await gta.ready; await gta.filter({job: ["A"], job_kind: [], modality, label, worker, date: ["2026-06-01", null]})
 *   (those that are not named return to their defaults; {} is the default itself: job_kind label) · await gta.show("quality")
 *   gta.shown()  [{id, kind, rows: [{…}], columns of a table}] of all that is drawn; rows are all rows, also those on later pages of a table
 *   data-visual="id" and data-rows="n" on each block: n rows are drawn (marks of a chart, lines of a table on this page)
 */

const gta = (window.gta = {
  meta: null,
  tables: Object.create(null),
  pages: [],
  visuals: new Map(),
});

gta.FILTERS = ["job", "job_kind", "modality", "label", "worker", "date"];
gta.FILTER_TITLES = { job: "Job", job_kind: "Kind of job", modality: "Modality", label: "Label", worker: "Worker", date: "Date" };
gta.FILTER_COLUMNS = {
  job: ["job_name"],
  job_kind: ["job_kind"],
  modality: ["modality"],
  label: ["label"],
  worker: ["worker_key", "worker_name"],
  date: ["submitted_date", "labeled_date"],
};

gta.definePage = (page) => gta.pages.push(page);
gta.defaults = () => ({ job: [], job_kind: ["label"], modality: [], label: [], worker: [], date: [null, null] });
gta.state = gta.defaults();

/* ---- decoding: publish/page/packing.py says what is in there ---- */

gta.decode = function (buffer) {
  const bytes = new Uint8Array(buffer);
  let place = 4 + new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, place)));
  const count = header.length;
  const columns = Object.create(null);
  const types = {
    u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
    f4: Float32Array, f8: Float64Array,
  };
  const fromPlanes = (type, size, length) => {
    const width = Number(type[1]);
    const part = bytes.subarray(place, place + size);
    place += size;
    const mixed = new Uint8Array(size);
    for (let plane = 0; plane < width; plane++)
      for (let row = 0, from = plane * length, to = plane; row < length; row++, to += width) mixed[to] = part[from + row];
    return new types[type](mixed.buffer);
  };
  const numbersOf = (column, size, length = count) => {
    const values = fromPlanes(column.type, size, length);
    if (!column.delta) return values;
    const summed = column.type === "f8" ? new Float64Array(length) : new Int32Array(length);
    for (let row = 0, sum = 0; row < length; row++) summed[row] = sum += values[row];
    return summed;
  };
  for (const column of header.columns) {
    const { name, kind } = column;
    if (kind === "key") {
      columns[name] = { kind, nulls: null };
    } else if (kind === "text") {
      let { dictionary, bytes: sizes } = column;
      if (column.around) {
        const templates = numbersOf(column.templates, sizes[0], column.words);
        const digits = numbersOf(column.numbers, sizes[1], column.words);
        dictionary = Array.from({ length: column.words }, (_, word) => {
          const [before, after, width] = column.around[templates[word]];
          return before + String(digits[word]).padStart(width, "0") + after;
        });
        sizes = sizes.slice(2);
      }
      let codes;
      if (column.of) {
        const by = columns[column.of].codes;
        const map = Uint32Array.from(column.map);
        codes = dictionary.length < 255 ? new Uint8Array(count) : new Uint32Array(count);
        for (let row = 0; row < count; row++) codes[row] = map[by[row]];
      } else codes = numbersOf(column, sizes[0]);
      columns[name] = { kind, codes, dictionary };
    } else if (column.dictionary) {
      const codes = numbersOf(column, column.bytes[0]);
      const known = Float64Array.from([...column.dictionary, 0]);
      const values = new Float64Array(count);
      const nulls = new Uint8Array(count);
      for (let row = 0; row < count; row++) {
        values[row] = known[codes[row]];
        nulls[row] = codes[row] === column.dictionary.length ? 1 : 0;
      }
      columns[name] = { kind, values, nulls, whole: values };
    } else {
      let nulls = null;
      if (column.nulls) {
        const bits = bytes.subarray(place, place + column.bytes[0]);
        place += column.bytes[0];
        nulls = new Uint8Array(count);
        for (let row = 0; row < count; row++) nulls[row] = (bits[row >> 3] >> (row & 7)) & 1;
      }
      const whole = numbersOf(column, column.bytes[column.bytes.length - 1]);
      let values = whole;
      if (column.scale > 1) {
        values = new Float64Array(count);
        for (let row = 0; row < count; row++) values[row] = whole[row] / column.scale;
      }
      columns[name] = { kind, values, nulls, whole };
    }
  }
  return { length: count, columns };
};

async function inflate(element) {
  const text = element.textContent;
  let bytes;
  if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(text);
  else {
    const binary = atob(text);
    bytes = new Uint8Array(binary.length);
    for (let place = 0; place < binary.length; place++) bytes[place] = binary.charCodeAt(place);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return gta.decode(await new Response(stream).arrayBuffer());
}

const sources = new Map();
gta.open = async function () {
  gta.meta = JSON.parse(document.getElementById("gta-meta").textContent);
  for (const visual of gta.meta.visuals) gta.visuals.set(visual.id, visual);
  const eager = [];
  for (const element of document.querySelectorAll("script[data-mart]")) {
    sources.set(element.dataset.mart, element);
    if (element.dataset.lazy === undefined) eager.push(element.dataset.mart);
  }
  await Promise.all(eager.map(gta.load));
};

const loading = new Map();
gta.load = function (mart) {
  if (!sources.has(mart)) return Promise.resolve(null);
  if (!loading.has(mart))
    loading.set(
      mart,
      inflate(sources.get(mart)).then((table) => {
        sources.get(mart).remove();
        return (gta.tables[mart] = table);
      })
    );
  return loading.get(mart);
};

/* ---- reading ---- */

gta.has = (mart, column) => (column ? mart in gta.tables && column in gta.tables[mart].columns : sources.has(mart));
gta.visual = (id) => gta.visuals.get(id);

gta.day = (days) => new Date(days * 864e5).toISOString().slice(0, 10);
gta.days = (text) => Math.round(Date.parse(text + "T00:00:00Z") / 864e5);

function native(kind, value) {
  if (kind === "date") return gta.day(value);
  if (kind === "time") return new Date(value).toISOString().slice(0, 19).replace("T", " ");
  return kind === "bool" ? value === 1 : value;
}

gta.get = function (mart, name, row) {
  const column = gta.tables[mart].columns[name];
  if (!column) return null;
  if (column.kind === "key") return row;
  if (column.kind === "text") {
    const code = column.codes[row];
    return code === column.dictionary.length ? null : column.dictionary[code];
  }
  return column.nulls && column.nulls[row] ? null : native(column.kind, column.values[row]);
};

gta.row = (mart, row) => new Map(Object.keys(gta.tables[mart].columns).map((name) => [name, gta.get(mart, name, row)]));

/* Codes of a column's values, whatever its kind, with the values in order; NULL is the code after the last. */
const codings = new Map();
gta.coded = function (mart, name) {
  const column = gta.tables[mart].columns[name];
  if (column.kind === "text") return column;
  const key = mart + "." + name;
  if (!codings.has(key)) {
    const { values, nulls } = column;
    const found = new Set();
    for (let row = 0; row < values.length; row++) if (!nulls || !nulls[row]) found.add(values[row]);
    const sorted = Array.from(found).sort((a, b) => a - b);
    const index = new Map(sorted.map((value, code) => [value, code]));
    const codes = new Uint32Array(values.length);
    for (let row = 0; row < values.length; row++)
      codes[row] = nulls && nulls[row] ? sorted.length : index.get(values[row]);
    codings.set(key, { codes, dictionary: sorted.map((value) => native(column.kind, value)) });
  }
  return codings.get(key);
};

/* ---- filters ---- */

gta.filterColumn = (filter, mart) => gta.FILTER_COLUMNS[filter].find((name) => gta.has(mart, name));
gta.isActive = (filter) => (filter === "date" ? gta.state.date.some(Boolean) : gta.state[filter].length > 0);

/* Active filters that cannot reach what was made of these marts. */
gta.unreached = (marts, ignore = []) =>
  gta.FILTERS.filter(
    (filter) =>
      gta.isActive(filter) &&
      (ignore.includes(filter) || !marts.some((mart) => gta.has(mart) && gta.filterColumn(filter, mart)))
  );

let passed = new Map();
gta.rows = function (mart, { ignore = [] } = {}) {
  const table = gta.tables[mart];
  if (!table) return new Uint32Array(0);
  const key = mart + "|" + ignore.join();
  if (passed.has(key)) return passed.get(key);
  const pass = new Uint8Array(table.length).fill(1);
  for (const filter of gta.FILTERS) {
    if (!gta.isActive(filter) || ignore.includes(filter)) continue;
    const name = gta.filterColumn(filter, mart);
    if (!name) continue;
    const column = table.columns[name];
    if (filter === "date") {
      const from = gta.state.date[0] ? gta.days(gta.state.date[0]) : -Infinity;
      const to = gta.state.date[1] ? gta.days(gta.state.date[1]) : Infinity;
      const { values, nulls } = column;
      for (let row = 0; row < table.length; row++)
        if ((nulls && nulls[row]) || values[row] < from || values[row] > to) pass[row] = 0;
    } else {
      const wanted = new Set(gta.state[filter]);
      // A worker is named by key or by name; a mart may have only one of the two.
      const names = filter === "worker" ? new Set([...wanted].flatMap((worker) => gta.workerNames(worker))) : wanted;
      const allowed = new Uint8Array(column.dictionary.length + 1);
      column.dictionary.forEach((word, code) => (allowed[code] = names.has(word) ? 1 : 0));
      for (let row = 0; row < table.length; row++) pass[row] &= allowed[column.codes[row]];
    }
  }
  let count = 0;
  for (let row = 0; row < table.length; row++) count += pass[row];
  const rows = new Uint32Array(count);
  for (let row = 0, next = 0; row < table.length; row++) if (pass[row]) rows[next++] = row;
  passed.set(key, rows);
  return rows;
};

/* What a visual of reviews ignores: they are jobs of kinds of their own, and the default, `label`, would leave nothing. */
gta.ignoredByReviews = () => (gta.state.job_kind.join() === "label" ? ["job_kind"] : []);

/* Records of a mart of reviews. A review belongs to its own job and to the job that it reviewed: filters by job and by kind
 * of job may be about either. */
gta.about = function (ctx, mart, where) {
  const kinds = new Map(ctx.records("dim_labeling_jobs", { ignore: gta.FILTERS }).map((job) => [job.job_name, job.job_kind]));
  const wanted = { job: new Set(gta.state.job), job_kind: new Set(gta.state.job_kind) };
  return ctx.records(mart, { ignore: ["job", "job_kind"], where }).filter((row) => {
    const jobs = [row.job_name, row.audited_job_name, row.adjusted_job_name].filter((name) => name !== null && name !== undefined);
    if (wanted.job.size && !jobs.some((name) => wanted.job.has(name))) return false;
    // A review of a model's labels reviews no job: it is then as good as the job that made them.
    return !wanted.job_kind.size || jobs.length === 1 || jobs.some((name) => wanted.job_kind.has(kinds.get(name) ?? row.job_kind));
  });
};

/* Key and name of each worker, from every mart that has both. */
let workers = null;
gta.workers = function () {
  if (workers) return workers;
  workers = new Map();
  for (const { columns } of Object.values(gta.tables)) {
    const { worker_key: keys, worker_name: names } = columns;
    if (!keys || !names) continue;
    const seen = new Uint8Array(keys.dictionary.length + 1);
    seen[keys.dictionary.length] = 1;
    for (let row = 0; row < keys.codes.length; row++)
      if (!seen[keys.codes[row]]) {
        seen[keys.codes[row]] = 1;
        const key = keys.dictionary[keys.codes[row]];
        if (!workers.has(key)) workers.set(key, names.dictionary[names.codes[row]] ?? key);
      }
  }
  return workers;
};
gta.workerName = (key) => gta.workers().get(key) ?? key;
gta.workerKey = (asked) => {
  if (gta.workers().has(asked)) return asked;
  for (const [key, name] of gta.workers()) if (name === asked) return key;
  return null;
};
gta.workerNames = (asked) => {
  const key = gta.workerKey(asked);
  return key === null ? [asked] : [key, gta.workers().get(key)];
};

/* Values that a filter offers, sorted. */
gta.options = function (filter, marts) {
  if (filter === "worker") {
    const found = Array.from(gta.workers(), ([value, text]) => ({ value, text }));
    return found.sort((a, b) => (a.text < b.text ? -1 : 1));
  }
  const found = new Set();
  for (const mart of marts) {
    const name = gta.filterColumn(filter, mart);
    if (name) for (const word of gta.tables[mart].columns[name].dictionary) found.add(word);
  }
  return Array.from(found).sort().map((value) => ({ value, text: value }));
};

/* First and last day of the data. */
gta.span = function () {
  let low = Infinity;
  let high = -Infinity;
  for (const [mart, name] of [["fct_worker_tasks", "submitted_date"], ["rpt_labels", "labeled_date"]]) {
    if (!gta.has(mart, name)) continue;
    const { values, nulls } = gta.tables[mart].columns[name];
    for (let row = 0; row < values.length; row++)
      if (!nulls || !nulls[row]) {
        if (values[row] < low) low = values[row];
        if (values[row] > high) high = values[row];
      }
  }
  return low <= high ? [gta.day(low), gta.day(high)] : [null, null];
};

gta.filter = function (wanted) {
  gta.state = Object.assign(gta.defaults(), wanted);
  for (const filter of gta.FILTERS) if (filter !== "date") gta.state[filter] = [...(gta.state[filter] || [])];
  gta.state.date = [...(gta.state.date || []), null, null].slice(0, 2);
  passed = new Map();
  return gta.redraw();
};

/* ---- pages ---- */

gta.page = (id) => gta.pages.find((page) => page.id === id);
gta.current = { id: null, argument: null };

gta.show = function (route) {
  const [id, ...rest] = route.split("/");
  gta.current = { id: gta.page(id) ? id : gta.pages[0].id, argument: rest.length ? rest.join("/") : null };
  const wanted = "#" + [gta.current.id, ...rest.map(encodeURIComponent)].join("/");
  if (location.hash !== wanted) history.pushState(null, "", wanted);
  return gta.redraw();
};

gta.wilson = function (share, n) {
  if (!n || share === null) return { low: null, high: null };
  const z = 1.959963984540054;
  const middle = share + (z * z) / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, (middle - half) / (1 + (z * z) / n)), high: Math.min(1, (middle + half) / (1 + (z * z) / n)) };
};
