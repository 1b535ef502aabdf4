/* The shell: head, tabs, filters, building blocks of pages, the dialog of what is behind a number, printing. */

gta.element = function (name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "" && value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
gta.small = (n) => n !== null && n !== undefined && n < gta.meta.small_count;
gta.interval = function (low, high, format) {
  if (format === "share") return `${gta.format(low * 100, "decimal")}–${gta.format(high * 100, "decimal")} %`;
  return `${gta.format(low, format)} – ${gta.format(high, format)}`;
};
const sentence = (words) => words.replace(/^./, (letter) => letter.toUpperCase());
const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`);

/* ---- light and dark ---- */

const darkness = window.matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;
try {
  chosenTheme = localStorage.getItem("gta-theme");
} catch {
  // A browser may forbid it for files.
}
gta.theme = () => (gta.printing ? "light" : chosenTheme || (darkness.matches ? "dark" : "light"));
function applyTheme() {
  document.documentElement.dataset.theme = gta.theme();
}
darkness.addEventListener("change", () => (applyTheme(), gta.redraw()));
function toggleTheme() {
  chosenTheme = gta.theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("gta-theme", chosenTheme);
  } catch {
    // Then it is forgotten when the page closes.
  }
  applyTheme();
  return gta.redraw();
}

/* ---- what is drawn ---- */

let blocks = [];
gta.shown = () => blocks.map(({ id, kind, rows, columns }) => ({ id, kind, rows: rows(), columns: columns && columns.map(({ key, title }) => ({ key, title })) }));

/* Why active filters do not reach a block. */
function reachOf(options, page) {
  const marts = options.marts || page.marts.slice(0, 1);
  const missed = gta.unreached(marts, options.ignore);
  if (!missed.length) return null;
  const words = listed(missed.map((filter) => (filter === "job_kind" ? "kind of job" : filter)));
  const why = missed.some((filter) => (options.ignore || []).includes(filter)) ? "" : ": these figures are not kept by it";
  return gta.element("p", { class: "reach" }, `Not filtered by ${words}${why}.`);
}

function context(page, root, argument) {
  let target = root;
  const later = [];
  const ctx = {
    page, root, argument, later,
    rows: (mart, options) => gta.rows(mart, options),
    small: gta.small,
    records(mart, { ignore, where } = {}) {
      if (!gta.tables[mart]) return [];
      const names = Object.keys(gta.tables[mart].columns);
      return Array.from(gta.where(mart, gta.rows(mart, { ignore }), where), (row) => Object.fromEntries(names.map((name) => [name, gta.get(mart, name, row)])));
    },
    figures: (visual) => gta.figures(visual, ctx),
    group: gta.group,
    section(title, text) {
      const grid = gta.element("div", { class: "grid" });
      const head = title ? gta.element("h2", {}, title) : null;
      root.append(gta.element("section", { "aria-label": title || page.title }, head, text ? gta.element("p", { class: "lead" }, text) : null, grid));
      target = grid;
      return grid;
    },
    place(element, options = {}) {
      (options.into || target).append(element);
      return element;
    },
    card(options) {
      return ctx.place(cardOf(options, page), options);
    },
    chart(options) {
      return ctx.place(chartOf(options, page, later), options);
    },
    table(options) {
      return ctx.place(tableOf(options, page), options);
    },
    matrix(options) {
      return ctx.place(matrixOf(options, page), options);
    },
    note(text) {
      return ctx.place(gta.element("p", { class: "note" }, text));
    },
    empty(text) {
      return ctx.place(gta.element("p", { class: "empty" }, text));
    },
    visual: (id, options) => visualOf(id, ctx, options),
  };
  return ctx;
}

function panelOf(options, page, kind) {
  const panel = gta.element("article", { class: `panel ${kind} ${options.wide ? "wide" : ""} ${options.narrow ? "narrow" : ""} ${options.tall ? "tall" : ""}` });
  const head = gta.element("header", {}, gta.element("h3", {}, options.title));
  if (options.why) head.append(gta.element("p", { class: "why" }, options.why));
  panel.append(head);
  const reach = reachOf(options, page);
  return { panel, reach };
}

function cardOf(options, page) {
  const { panel, reach } = panelOf({ ...options, why: null }, page, "card");
  const { value, n, low, high, format, change } = options;
  const few = gta.small(n);
  const number = gta.element("p", { class: `figure ${few ? "few" : ""}` });
  const shown = gta.format(value, format);
  if (options.onClick && value !== null) {
    const button = gta.element("button", { type: "button", class: "bare", title: "Show what is behind it" }, shown);
    button.addEventListener("click", () => options.onClick());
    number.append(button);
  } else number.append(shown);
  panel.append(number);
  const facts = [];
  if (low !== null && low !== undefined && high !== null && high !== undefined) facts.push(`95 %: ${gta.interval(low, high, format)}`);
  if (n !== null && n !== undefined) facts.push(`n = ${gta.format(n)}${few ? ", too few to judge" : ""}`);
  if (!options.onClick && value !== null && value !== undefined) facts.push("nothing to list");
  if (facts.length) panel.append(gta.element("p", { class: "facts" }, facts.join(" · ")));
  if (change && change.value !== null && change.value !== undefined) {
    const up = change.value > 0;
    const sure = change.sure !== false;
    const tone = !sure || !change.good || change.value === 0 ? "" : (change.good === "up") === up ? "good" : "bad";
    panel.append(gta.element("p", { class: `change ${tone}` }, gta.element("span", { "aria-hidden": "true" }, change.value === 0 ? "→ " : up ? "↑ " : "↓ "), change.text));
  }
  if (options.why) panel.append(gta.element("p", { class: "why" }, options.why));
  if (reach) panel.append(reach);
  panel.dataset.visual = options.id;
  panel.dataset.rows = "1";
  blocks.push({ id: options.id, kind: "card", rows: () => [{ value, n, low, high }] });
  return panel;
}

function chartOf(options, page, later) {
  const { panel, reach } = panelOf(options, page, "chart");
  const figure = gta.element("div", { class: "figure-box", role: "img", "aria-label": `${options.title}: a chart of ${options.rows.length} rows; its table is below` });
  figure.dataset.visual = options.id;
  blocks.push({ id: options.id, kind: options.kind, rows: () => options.rows });
  if (!options.rows.length) {
    figure.dataset.rows = "0";
    figure.removeAttribute("role");
    figure.removeAttribute("aria-label");
    figure.append(gta.element("p", { class: "empty" }, options.empty || "No rows for these filters."));
    panel.append(figure);
    if (reach) panel.append(reach);
    return panel;
  }
  const more = gta.element("p", { class: "why" });
  const details = gta.element("details", { class: "as-table" }, gta.element("summary", {}, "Show as table"));
  const inside = gta.element("div");
  details.append(inside);
  details.addEventListener("toggle", () => {
    if (details.open && !inside.childElementCount)
      gta.drawTable(inside, { id: options.id, title: options.title, columns: fieldsOf(options), rows: options.rows, onRow: options.onClick });
  });
  panel.append(figure, more, details);
  if (reach) panel.append(reach);
  const draw = async () => {
    const { hidden } = await gta.draw(figure, options);
    more.textContent = hidden > 0 ? `and ${gta.format(hidden)} more, in the table` : "";
    more.hidden = hidden <= 0;
  };
  figure.redraw = draw;
  later.push(draw);
  return panel;
}

function tableOf(options, page) {
  const { panel, reach } = panelOf(options, page, "table");
  if (options.wide !== false) panel.classList.add("wide");
  const inside = gta.element("div", { class: "table-block" });
  inside.dataset.visual = options.id;
  blocks.push({ id: options.id, kind: options.kind || "table", rows: () => options.rows, columns: options.columns });
  if (options.rows.length) gta.drawTable(inside, options);
  else {
    inside.dataset.rows = "0";
    inside.append(gta.element("p", { class: "empty" }, options.empty || "No rows for these filters."));
  }
  panel.append(inside);
  if (reach) panel.append(reach);
  return panel;
}

/* A shared visual of visuals.yml, as its kind says. */
function visualOf(id, ctx, options = {}) {
  const visual = gta.visual(id);
  if (!visual) return null;
  const base = { id, title: visual.title, marts: [visual.mart], ...options };
  const titles = Object.keys(visual.values);
  const format = visual.format[titles[0]] || "number";
  if (!gta.has(visual.mart)) {
    const panel = gta.element("article", { class: "panel" }, gta.element("header", {}, gta.element("h3", {}, visual.title)), gta.element("p", { class: "empty" }, `There is no ${visual.mart}: ${gta.meta.left_out[visual.mart] || "the warehouse does not have this mart"}.`));
    return ctx.place(panel, options);
  }
  const rows = gta.figures(visual, options.ignore ? { rows: (mart) => ctx.rows(mart, { ignore: options.ignore }) } : ctx);
  const only = visual.mart === "fct_worker_tasks" && !options.onClick;
  const behind = only
    ? (row) => gta.drill({ title: visual.title, mart: visual.mart, rows: gta.where(visual.mart, ctx.rows(visual.mart, { ignore: options.ignore }), { ...visual.where, ...Object.fromEntries([visual.category, visual.color].filter(Boolean).map((name) => [name, [row[name]]])) }) })
    : options.onClick;
  // "Time spent" of time_spent_seconds, "Annotations" of annotation_count.
  const { column } = visual.values[titles[0]];
  const named = sentence(column.replace(/_(count|key)$/, "s").replace(/_seconds$/, "").replace(/_/g, " "));
  const first = (extra) => ({ ...base, format, rows, category: visual.category, color: visual.color || undefined, value: "value_1", onClick: behind, valuetitle: options.valuetitle || named, ...extra });
  switch (visual.kind) {
    case "kpi":
      return ctx.card({ ...base, value: rows.length ? rows[0].value_1 : null, format });
    case "bar":
      return ctx.chart(first({ kind: "bar", rows: rows.slice().sort((a, b) => b.value_1 - a.value_1) }));
    case "line":
      return ctx.chart(first({ kind: "line", x: visual.category, y: "value_1", category: undefined, value: undefined }));
    case "table": {
      const columns = [{ key: visual.category, title: sentence(visual.category.replace(/_name$/, "").replace(/_/g, " ")), ...(options.first || {}) }];
      // A mean comes with its n: how many values are known.
      const means = titles.filter((title) => visual.values[title].aggregation === "mean");
      const counts = gta.figures({ ...visual, values: Object.fromEntries(means.map((title) => [title, { ...visual.values[title], aggregation: "count" }])) }, ctx);
      rows.forEach((row, line) => means.forEach((title, place) => (row[`n_${titles.indexOf(title) + 1}`] = counts[line][`value_${place + 1}`])));
      const ofTasks = visual.mart.startsWith("fct_");
      titles.forEach((title, place) => columns.push({ n: ofTasks && means.includes(title) ? `n_${place + 1}` : undefined, key: `value_${place + 1}`, title, format: visual.format[title] || "number", warn: visual.warn[title] ? visual.warn[title].join(" ") : undefined, ...(options.columns || {})[title] }));
      if (options.extend) options.extend(columns, rows);
      return ctx.table({ ...base, columns, rows, sort: "-value_" + (titles.indexOf(visual.sort || titles[0]) + 1), onRow: behind });
    }
    case "pivot":
      return pivotOf(visual, rows, ctx, { ...base, format, onClick: behind });
    default:
      return ctx.chart(first({ kind: visual.kind }));
  }
}

/* A pivot: categories down, colors across. Columns are numbers, for a color may have any name. */
function pivotOf(visual, figures, ctx, options) {
  const colors = numbered(figures, visual.color, true).values;
  const place = new Map(colors.map((color, number) => [color, number]));
  const lines = new Map();
  for (const figure of figures) {
    const key = figure[visual.category];
    if (!lines.has(key)) lines.set(key, { category: key, total: 0 });
    lines.get(key)[`c${place.get(figure[visual.color])}`] = figure.value_1;
    lines.get(key).total += figure.value_1 || 0;
  }
  const warn = visual.warn.value ? visual.warn.value.join(" ") : undefined;
  const columns = [
    { key: "category", title: sentence(visual.category.replace(/_name$/, "").replace(/_/g, " ")) },
    ...colors.map((color, number) => ({ key: `c${number}`, title: gta.clip(color, 40), format: options.format, warn })),
    { key: "total", title: "Total", format: options.format },
  ];
  const panel = ctx.table({ ...options, kind: "pivot", columns, rows: Array.from(lines.values()), sort: "-total", onRow: options.onClick ? (row) => options.onClick({ [visual.category]: row.category }) : undefined, wide: options.wide || false });
  blocks[blocks.length - 1].rows = () => figures;
  return panel;
}

/* ---- behind a number ---- */

let dialog;
function openDialog(title, ...content) {
  if (!dialog) {
    dialog = gta.element("dialog", { "aria-labelledby": "gta-dialog-title" });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
  }
  const close = gta.element("button", { type: "button", class: "small" }, "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.replaceChildren(gta.element("header", {}, gta.element("h2", { id: "gta-dialog-title" }, gta.clip(title, 120)), close), ...content);
  if (!dialog.open) dialog.showModal();
}

let objectIndex = null;
async function objects() {
  const table = await gta.load("fct_object_labels");
  if (!table) return new Map();
  if (!objectIndex) {
    objectIndex = new Map();
    const { job_name: jobs, object_index: numbers } = table.columns;
    for (let row = 0; row < table.length; row++) {
      if (!objectIndex.has(jobs.dictionary[jobs.codes[row]])) objectIndex.set(jobs.dictionary[jobs.codes[row]], new Map());
      objectIndex.get(jobs.dictionary[jobs.codes[row]]).set(numbers.values[row], row);
    }
  }
  return objectIndex;
}
const MOST_BEHIND = 5000;
function sourceOf(index, job, number) {
  const row = index.get(job) && index.get(job).get(number);
  return row === undefined ? { label: null, source: null } : { label: gta.get("fct_object_labels", "label", row), source: gta.get("fct_object_labels", "source", row) };
}

/* The tasks or objects behind a number: rows of a mart with job_name and object_index. `count` is the number, if the page may
 * have fewer rows than it counts. */
gta.drill = async function ({ title, mart, rows, count = rows.length, what = mart === "fct_worker_tasks" ? "answers" : "rows" }) {
  const index = await objects();
  const shown = Array.from(rows.slice(0, MOST_BEHIND));
  const has = (name) => gta.has(mart, name);
  const lines = shown.map((row) => {
    const line = { job: gta.get(mart, "job_name", row), object: gta.get(mart, "object_index", row) };
    if (has("frame_index")) line.frame = gta.get(mart, "frame_index", row);
    if (has("annotation_count")) line.labels = gta.get(mart, "annotation_count", row);
    if (has("worker_name")) line.worker = gta.get(mart, "worker_name", row);
    if (has("submitted_date")) line.day = gta.get(mart, "submitted_date", row);
    if (has("time_spent_seconds")) line.seconds = gta.get(mart, "time_spent_seconds", row);
    if (has("golden_score")) line.golden = gta.get(mart, "golden_score", row);
    if (has("consolidated_score")) line.consolidated = gta.get(mart, "consolidated_score", row);
    return Object.assign(line, sourceOf(index, line.job, line.object));
  });
  const titles = { job: "Job", object: "Object", frame: "Frame", labels: "Labels", worker: "Worker", day: "Day", seconds: "Time", golden: "Golden", consolidated: "Agreement", label: "Label", source: "Source" };
  const formats = { seconds: "seconds", golden: "score", consolidated: "score" };
  behind(title, lines, rows.length, titles, formats, what, count - rows.length);
};

/* The objects of some jobs: what is behind a number that is known by job. */
gta.drillJobs = async function (ctx, title, jobs, { ignore = ["label"], status, count, what } = {}) {
  const mart = "fct_object_labels";
  const where = status ? { job_name: jobs, label_status: status } : { job_name: jobs };
  if (await gta.load(mart)) return gta.drill({ title, mart, rows: gta.where(mart, ctx.rows(mart, { ignore }), where), count, what });
};

/* The reviewed objects of some jobs, each at its first review. */
gta.drillReviews = async function (ctx, title, jobs) {
  const mart = "fct_object_reviews";
  if (!(await gta.load(mart))) return gta.drillJobs(ctx, "Objects of the jobs that were reviewed", jobs);
  const index = await objects();
  const rows = ctx.records(mart, { ignore: gta.FILTERS, where: { job_name: jobs } }).map((row) => ({
    ...row, verdict: row.is_accepted ? "accepted" : "not accepted", ...sourceOf(index, row.job_name, row.object_index),
  }));
  rows.sort((a, b) => b.is_accepted - a.is_accepted);
  const accepted = rows.filter((row) => row.is_accepted).length;
  return gta.drillList(ctx, {
    title, rows, what: `reviewed ${rows.length === 1 ? "object" : "objects"}, ${gta.format(accepted)} accepted at first review`,
    columns: [
      { key: "job_name", title: "Job" }, { key: "object_index", title: "Object", format: "text", align: "right" }, { key: "label", title: "Label" },
      { key: "verdict", title: "Verdict", tag: (row) => (row.is_accepted ? "good" : "bad") }, { key: "review_kind", title: "By" }, { key: "source", title: "Source", uri: true, clip: 200 },
    ],
  });
};

/* Records behind a number. Those of objects have their uri; those of jobs lead to the objects of the job. */
gta.drillList = function (ctx, { title, rows, columns, what = "rows" }) {
  const ofJobs = !columns.some((column) => column.uri) && rows.every((row) => row.job_name);
  const onRow = ofJobs ? (row) => gta.drillJobs(ctx, `Objects of ${gta.clip(row.job_name, 60)}`, [row.job_name], { ignore: gta.FILTERS }) : undefined;
  const inside = gta.element("div");
  openDialog(title, gta.element("p", { class: "quiet" }, `${gta.format(rows.length)} ${what}.`), inside);
  if (rows.length) gta.drawTable(inside, { id: "behind", title, rows, size: 20, columns, onRow, rowText: "Objects" });
};

function behind(title, lines, total, titles, formats, what, missing) {
  const keys = Object.keys(titles).filter((key) => lines.some((line) => line[key] !== undefined && line[key] !== null));
  const inside = gta.element("div");
  const text = [total > lines.length ? `The first ${gta.format(lines.length)} of ${gta.format(total)} ${what}.` : `${gta.format(total)} ${what}.`];
  if (missing > 0) text.push(`${gta.format(missing)} more ${gta.meta.audience ? `are not on this page (${gta.meta.audience}).` : "are known from the description of their job only."}`);
  openDialog(title, gta.element("p", { class: "quiet" }, text.join(" ")), inside);
  if (lines.length)
    gta.drawTable(inside, { id: "behind", title, rows: lines, size: 20, columns: keys.map((key) => ({ key, title: titles[key], format: formats[key] || (key === "object" || key === "frame" ? "text" : undefined), align: key === "object" || key === "frame" ? "right" : undefined, uri: key === "source", clip: 200 })) });
}

/* ---- head, tabs and filters ---- */

const shell = {};
function build() {
  const { meta } = gta;
  shell.status = gta.element("p", { class: "freshness" });
  const theme = gta.element("button", { type: "button", class: "small", id: "gta-theme" }, "Light / dark");
  theme.addEventListener("click", toggleTheme);
  const print = gta.element("button", { type: "button", class: "small", id: "gta-print" }, "Print all");
  print.addEventListener("click", gta.print);
  const skip = gta.element("a", { class: "skip", href: "#content" }, "Skip to the figures");
  skip.addEventListener("click", (event) => (event.preventDefault(), shell.main.focus()));
  const brand = gta.element("div", { class: "brand" }, gta.element("h1", {}, meta.title), meta.audience ? gta.element("p", { class: "audience" }, sentence(meta.audience)) : null, shell.status);
  shell.tabs = gta.element("nav", { "aria-label": "Pages", class: "tabs" });
  if (gta.ownRoute()) {
    const link = gta.element("a", { href: "#" + gta.ownRoute() }, gta.clip(meta.workers[0], 30));
    link.dataset.page = "worker";
    shell.tabs.append(link);
  }
  for (const page of gta.pages.filter((candidate) => !candidate.hidden)) {
    const link = gta.element("a", { href: "#" + page.id }, page.title);
    link.dataset.page = page.id;
    shell.tabs.append(link);
  }
  shell.filters = gta.element("section", { class: "filters", "aria-label": "Filters" });
  shell.main = gta.element("main", { id: "content", tabindex: "-1" });
  const head = gta.element("header", { class: "top" }, gta.element("div", { class: "bar" }, brand, gta.element("div", { class: "actions" }, theme, print)), shell.tabs);
  const foot = gta.element("footer", { class: "foot" }, `Grey: fewer than ${meta.small_count}, too few to judge. “–”: not known. Intervals are 95 %. `, meta.names ? "" : "Names are pseudonyms. ", `Ground Truth Analytics ${meta.version}`);
  document.body.prepend(skip, head, shell.filters, shell.main, foot);
  for (const filter of gta.FILTERS) shell.filters.append(filterOf(filter));
  shell.clear = gta.element("button", { type: "button", class: "bare clear" }, "Reset");
  shell.clear.addEventListener("click", () => gta.filter({}));
  shell.filters.append(shell.clear);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanels(true);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest(".filter")) closePanels(false);
  });
}

function closePanels(focus) {
  for (const button of shell.filters.querySelectorAll("button[aria-expanded=true]")) {
    button.setAttribute("aria-expanded", "false");
    button.nextElementSibling.hidden = true;
    if (focus) button.focus();
  }
}

const MOST_OPTIONS = 200;
function filterOf(filter) {
  const box = gta.element("div", { class: "filter" });
  box.dataset.filter = filter;
  const id = `gta-filter-${filter}`;
  const button = gta.element("button", { type: "button", "aria-expanded": "false", "aria-controls": id });
  const panel = gta.element("div", { class: "choices", id, role: "group", "aria-label": gta.FILTER_TITLES[filter] });
  panel.hidden = true;
  box.append(button, panel);
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    closePanels(false);
    if (open) return;
    button.setAttribute("aria-expanded", "true");
    panel.hidden = false;
    fillChoices(filter, panel);
    const first = panel.querySelector("input");
    if (first) first.focus();
  });
  return box;
}

function reachedBy(filter, page) {
  return page.filters.includes(filter) && page.marts.some((mart) => gta.has(mart) && gta.filterColumn(filter, mart));
}

function fillChoices(filter, panel) {
  const page = gta.page(gta.current.id);
  if (!reachedBy(filter, page)) {
    panel.replaceChildren(gta.element("p", { class: "quiet" }, `Nothing on the page ${page.title} is kept by ${gta.FILTER_TITLES[filter].toLowerCase()}, so this filter does not reach it.`));
    return;
  }
  const set = (value) => gta.filter({ ...gta.state, [filter]: value });
  if (filter === "date") {
    const [least, most] = gta.span();
    const field = (text, place) => {
      const input = gta.element("input", { type: "date", min: least, max: most });
      input.value = gta.state.date[place] || "";
      input.addEventListener("change", () => {
        const dates = [...gta.state.date];
        dates[place] = input.value || null;
        set(dates);
      });
      return gta.element("label", { class: "date" }, text, input);
    };
    const presets = gta.element("div", { class: "presets" });
    for (const [text, days] of [["Last 7 days", 7], ["Last 30 days", 30], ["All", null]]) {
      const button = gta.element("button", { type: "button", class: "small" }, text);
      button.addEventListener("click", () => {
        set(days && most ? [gta.day(gta.days(most) - days + 1), most] : [null, null]);
        fillChoices(filter, panel);
      });
      presets.append(button);
    }
    panel.replaceChildren(field("From", 0), field("To", 1), presets, gta.element("p", { class: "quiet" }, least ? `Data from ${least} to ${most}.` : "No day is known."));
    return;
  }
  const options = gta.options(filter, Object.keys(gta.tables));
  const list = gta.element("div", { class: "list" });
  const more = gta.element("p", { class: "quiet" });
  let wanted = "";
  const fill = () => {
    const chosen = new Set(gta.state[filter]);
    const found = options.filter(({ text }) => text.toLowerCase().includes(wanted)).sort((a, b) => chosen.has(b.value) - chosen.has(a.value));
    list.replaceChildren(
      ...found.slice(0, MOST_OPTIONS).map(({ value, text }) => {
        const input = gta.element("input", { type: "checkbox" });
        input.checked = chosen.has(value);
        input.addEventListener("change", () => {
          const now = new Set(gta.state[filter]);
          if (input.checked) now.add(value);
          else now.delete(value);
          set([...now]);
        });
        return gta.element("label", {}, input, gta.element("span", {}, gta.clip(text, 60)));
      })
    );
    more.textContent = found.length > MOST_OPTIONS ? `and ${gta.format(found.length - MOST_OPTIONS)} more: search for them` : found.length ? "" : "None is called like that.";
  };
  const search = gta.element("input", { type: "search", placeholder: "Search", "aria-label": `Search ${gta.FILTER_TITLES[filter].toLowerCase()}` });
  search.addEventListener("input", () => ((wanted = search.value.toLowerCase()), fill()));
  const all = gta.element("button", { type: "button", class: "small" }, "All");
  all.addEventListener("click", () => (set([]), fill()));
  fill();
  panel.replaceChildren(gta.element("div", { class: "choose" }, options.length > 8 ? search : null, all), list, more);
}

function updateFilters(page) {
  for (const box of shell.filters.querySelectorAll(".filter")) {
    const { filter } = box.dataset;
    const button = box.firstElementChild;
    const reached = reachedBy(filter, page);
    const state = gta.state[filter];
    let text = "all";
    if (filter === "date") text = state.some(Boolean) ? `${state[0] || "…"} – ${state[1] || "…"}` : "all";
    else if (state.length === 1) text = gta.clip(filter === "worker" ? gta.workerName(state[0]) : state[0], 24);
    else if (state.length) text = `${state.length} chosen`;
    button.replaceChildren(gta.element("span", { class: "name" }, gta.FILTER_TITLES[filter]), gta.element("span", { class: "chosen" }, text));
    button.classList.toggle("unreached", !reached);
    button.classList.toggle("active", gta.isActive(filter));
    if (reached) button.removeAttribute("aria-description");
    else button.setAttribute("aria-description", "does not reach this page");
    button.title = reached ? "" : `Nothing on this page is kept by ${gta.FILTER_TITLES[filter].toLowerCase()}`;
  }
  shell.clear.hidden = JSON.stringify(gta.state) === JSON.stringify(gta.defaults());
  for (const link of shell.tabs.children) {
    if (link.dataset.page === page.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const link of shell.tabs.children) if (page.parent === link.dataset.page && !gta.ownRoute()) link.setAttribute("aria-current", "true");
}

/* ---- drawing ---- */

async function drawPage(page, argument, root) {
  const present = page.marts.filter((mart) => gta.has(mart));
  const ctx = context(page, root, argument);
  if (!present.length) {
    const reasons = page.marts.map((mart) => `${mart}: ${gta.meta.left_out[mart] || "the warehouse does not have this mart"}`);
    root.append(gta.element("p", { class: "empty" }, `There is nothing to show. ${reasons.join("; ")}.`));
    return;
  }
  await page.render(root, ctx);
  for (const draw of ctx.later) await draw();
}

let generation = 0;
let drawing = Promise.resolve();
gta.redraw = function () {
  if (!shell.main) return Promise.resolve();
  const mine = ++generation;
  drawing = drawing.then(async () => {
    if (mine !== generation) return; // a newer one is waiting
    const page = gta.page(gta.current.id);
    const { argument } = gta.current;
    updateFilters(page);
    const title = page.name ? page.name(argument) : page.title;
    document.title = `${title} · ${gta.meta.title}`;
    shell.main.style.minHeight = `${shell.main.clientHeight}px`;
    for (const figure of shell.main.querySelectorAll(".figure-box")) if (figure.view) figure.view.finalize();
    blocks = [];
    shell.main.replaceChildren();
    shell.main.dataset.page = page.id;
    shell.main.append(gta.element("h2", { class: "hidden-text" }, title));
    await drawPage(page, argument, shell.main);
    shell.main.style.minHeight = "";
  });
  return drawing;
};

/* All pages, one below the other: for print, and for whoever wants everything. */
gta.showAll = function () {
  generation++;
  drawing = drawing.then(async () => {
    blocks = [];
    shell.main.replaceChildren();
    for (const page of gta.pages.filter((candidate) => !candidate.hidden)) {
      const root = gta.element("div", { class: "printed-page" }, gta.element("h2", { class: "page-title" }, page.title));
      shell.main.append(root);
      await drawPage(page, null, root);
    }
  });
  return drawing;
};
gta.print = async function () {
  gta.printing = true;
  applyTheme();
  await gta.showAll();
  window.print();
  gta.printing = false;
  applyTheme();
  await gta.redraw();
};

let resizing = null;
let lastWidth = 0;
function onResize() {
  if (document.documentElement.clientWidth === lastWidth) return;
  lastWidth = document.documentElement.clientWidth;
  clearTimeout(resizing);
  resizing = setTimeout(async () => {
    for (const figure of shell.main.querySelectorAll(".figure-box")) if (figure.redraw && figure.isConnected) await figure.redraw();
  }, 150);
}

/* A page about one worker opens with that worker. */
gta.ownRoute = () => (gta.meta.workers.length === 1 && gta.page("worker") ? "worker/" + gta.workerKey(gta.meta.workers[0]) : null);

gta.start = async function () {
  applyTheme();
  await gta.open();
  build();
  gta.freshness(shell.status);
  const route = () => {
    let hash = location.hash.slice(1);
    try {
      hash = decodeURIComponent(hash);
    } catch {
      hash = ""; // somebody's own
    }
    const [id, ...rest] = hash.split("/");
    return id ? [id, ...rest].join("/") : gta.ownRoute() || gta.pages[0].id;
  };
  const follow = () => {
    if (location.hash === "#content") return;
    const before = gta.current.id;
    gta.show(route()).then(() => before && before !== gta.current.id && window.scrollTo(0, 0));
  };
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
  window.addEventListener("resize", onResize);
  lastWidth = document.documentElement.clientWidth;
  await gta.show(route());
};

/* When the data was loaded, and whether anything was refused then. */
gta.freshness = function (element) {
  const mart = "rpt_load_health";
  if (!gta.tables[mart] || !gta.tables[mart].length) return;
  let loaded = null;
  let refused = 0;
  for (let row = 0; row < gta.tables[mart].length; row++) {
    const at = gta.get(mart, "last_loaded_at", row);
    if (at && (!loaded || at > loaded)) loaded = at;
    refused += gta.get(mart, "rejected_count", row) || 0;
  }
  const days = loaded ? Math.floor((Date.now() - Date.parse(loaded.replace(" ", "T") + "Z")) / 864e5) : null;
  const age = days === null ? "" : days < 1 ? " (today)" : days === 1 ? " (1 day ago)" : ` (${gta.format(days)} days ago)`;
  const [low, high] = gta.span();
  element.append(
    loaded ? gta.element("span", { class: days > 7 ? "stale" : "" }, `Loaded ${gta.format(loaded, "time")} UTC${age}`) : "",
    low ? ` · work from ${low} to ${high}` : "",
    refused ? gta.element("span", { class: "stale" }, ` · ${gta.format(refused)} ${refused === 1 ? "file" : "files"} refused`) : ""
  );
};
