/* Charts, by Vega-Lite. Names are never values of a chart: categories are numbers 0, 1, 2 …, and labels are looked up by an
 * axis's labelExpr. A category called "constructor" or "__proto__" would blank a whole chart without an error. */

const UNKNOWN = "(not known)";
gta.format = (function () {
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const some = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
  const one = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
  const small = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumSignificantDigits: 2 });
  const formats = {
    number: (value) => (Number.isInteger(value) || Math.abs(value) >= 1000 ? whole : some).format(value),
    decimal: (value) => one.format(value),
    seconds: (value) => (Math.abs(value) >= 100 ? whole : one).format(value) + " s",
    hours: (value) => one.format(value / 3600) + " h",
    share: (value) => one.format(value * 100) + " %",
    percent: (value) => whole.format(value * 100) + " %",
    progress: (value) => whole.format(Math.floor(value * 100)) + " %",
    score: (value) => value.toFixed(2),
    usd: (value) => (value && Math.abs(value) < 0.1 ? small : money).format(value),
    date: (value) => String(value).slice(0, 10),
    time: (value) => String(value).slice(0, 16),
    bool: (value) => (value ? "yes" : "no"),
    text: (value) => String(value),
  };
  return (value, format) => {
    if (value === null || value === undefined) return "–";
    if (typeof value === "boolean") return formats.bool(value);
    if (typeof value === "string") return format === "date" || format === "time" ? formats[format](value) : value;
    return (formats[format] || formats.number)(value);
  };
})();

gta.clip = function (value, length = 60) {
  if (value === null || value === undefined) return UNKNOWN;
  const text = String(value).replace(/[\u0000-\u001f\u007f]/g, "\u2423");
  if (text.trim() === "") return "(empty)";
  const points = Array.from(text.slice(0, 2 * length + 2));
  return points.length > length ? points.slice(0, length - 1).join("") + "…" : text;
};

const PALETTES = {
  light: {
    ink: "#1c2430", quiet: "#5b6675", line: "#e3e7ec", surface: "#ffffff", accent: "#2f5fd0", few: "#b4bcc7", bad: "#b3372b",
    good: "#157a5f", low: "#eef3fc", high: "#1d4396",
    series: ["#2f5fd0", "#e08214", "#1b9e77", "#b0478f", "#58a9d6", "#a58a1c", "#8a5a44", "#7d8896"],
  },
  dark: {
    ink: "#e6eaf0", quiet: "#9aa6b5", line: "#2a333f", surface: "#171d25", accent: "#7aa2ff", few: "#566172", bad: "#f08b7d",
    good: "#5cc9a7", low: "#1d2735", high: "#8fb3ff",
    series: ["#7aa2ff", "#f2a65a", "#4cc9a0", "#e08bc3", "#8ecdf2", "#d8bf57", "#c79b85", "#9aa6b5"],
  },
};
gta.palette = () => PALETTES[gta.theme()];

/* Numbers as an axis wants them: hours and percentages are converted here, so that ticks are round. */
const AXES = {
  hours: { by: 1 / 3600, format: "~g", unit: "hours" },
  seconds: { by: 1, format: "~s", unit: "seconds" },
  share: { by: 1, format: ".0%", unit: null },
  progress: { by: 1, format: ".0%", unit: null },
  score: { by: 1, format: ".2f", unit: null },
  usd: { by: 1, format: "$~s", unit: null },
  number: { by: 1, format: "~s", unit: null },
  decimal: { by: 1, format: "~g", unit: null },
};
const axisOf = (format) => AXES[format] || AXES.number;

function chartConfig(palette, columns) {
  const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  return {
    background: "transparent",
    font,
    aria: false,
    axis: {
      labelColor: palette.quiet, titleColor: palette.quiet, gridColor: palette.line, domainColor: palette.line,
      tickColor: palette.line, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 500, labelLimit: 170, labelPadding: 6,
      ticks: false, domain: false,
    },
    axisY: { labelPadding: 8 },
    legend: {
      labelColor: palette.ink, titleColor: palette.quiet, labelFontSize: 11, labelLimit: 150, title: null, orient: "top",
      direction: "horizontal", columns, symbolSize: 70, offset: 6,
    },
    view: { stroke: null },
    bar: { cornerRadiusEnd: 2 },
  };
}

/* Values in the order of their first row, and the number of each. */
function numbered(rows, field, sorted) {
  const index = new Map();
  const values = [];
  for (const row of rows) if (!index.has(row[field])) index.set(row[field], values.push(row[field]) - 1);
  if (sorted) {
    values.sort((a, b) => (a === null) - (b === null) || (a < b ? -1 : a > b ? 1 : 0));
    values.forEach((value, place) => index.set(value, place));
  }
  return { values, index };
}

const labelsOf = (values) => values.map((value) => gta.clip(value, 48));
const ordinal = (field, domain, extra) => ({ field, type: "ordinal", sort: null, scale: { domain }, ...extra });
const numbers = (count) => Array.from({ length: count }, (_, place) => place);

/* Rows with a known value, as many as have room, and their marks: with an interval, grey if few are behind them. */
function measured(o, axis, most) {
  const usable = o.rows.filter((row) => row[o.value] !== null && row[o.value] !== undefined);
  const rows = usable.slice(0, o.limit || most);
  const data = rows.map((row, i) => ({
    i, c: i, v: row[o.value] * axis.by, lo: scaled(row[o.low], axis), hi: scaled(row[o.high], axis),
    few: o.n && gta.small(row[o.n]) ? 1 : 0, ...tooltipOf(o, row),
  }));
  return { usable, rows, data };
}

/* What is drawn: {spec, source: rows by the number of their mark, drawn: how many marks, hidden: how many rows have none}. */
const KINDS = {
  bar(o, palette) {
    const axis = axisOf(o.format);
    const { usable, rows, data } = measured(o, axis, 30);
    const y = ordinal("c", numbers(rows.length), { axis: { labelExpr: "names[datum.value]", title: null, grid: false } });
    const x = { field: "v", type: "quantitative", axis: valueAxis(o, axis) };
    if (o.domain) x.scale = { domain: o.domain };
    const color = { condition: { test: "datum.few === 1", value: palette.few }, value: palette.accent };
    const layers = [{ mark: markOf(o, "bar"), encoding: { y, x, color, tooltip: tooltips(o) } }];
    if (o.low) layers.push(whiskers(palette, { y, x: { ...x, field: "lo" }, x2: { field: "hi" } }));
    return {
      source: rows, drawn: rows.length, hidden: usable.length - rows.length,
      spec: { params: [{ name: "names", value: labelsOf(rows.map((row) => row[o.category])) }], data: { values: data }, height: 24 * rows.length, layer: layers },
    };
  },

  interval(o, palette) {
    const axis = axisOf(o.format);
    const { usable, rows, data } = measured(o, axis, 40);
    const y = ordinal("c", numbers(rows.length), { axis: { labelExpr: "names[datum.value]", title: null, grid: true, labelLimit: Math.min(o.wide ? 280 : 170, o.width * 0.36) } });
    const x = { field: "v", type: "quantitative", axis: valueAxis(o, axis), scale: o.domain ? { domain: o.domain } : { zero: false } };
    const color = { condition: { test: "datum.few === 1", value: palette.few }, value: palette.accent };
    const layers = [
      whiskers(palette, { y, x: { ...x, field: "lo" }, x2: { field: "hi" }, color }, 2),
      { mark: markOf(o, "circle", { size: 70, opacity: 1 }), encoding: { y, x, color, tooltip: tooltips(o) } },
    ];
    for (const target of o.targets || (typeof o.target === "number" ? [o.target] : []))
      layers.unshift({ data: { values: [{ t: target * axis.by }] }, mark: { type: "rule", strokeDash: [4, 3], color: palette.quiet }, encoding: { x: { field: "t", type: "quantitative" } } });
    return {
      source: rows, drawn: rows.length, hidden: usable.length - rows.length,
      spec: { params: [{ name: "names", value: labelsOf(rows.map((row) => row[o.category])) }], data: { values: data }, height: 24 * rows.length, layer: layers },
    };
  },

  stacked_bar(o, palette) {
    const axis = axisOf(o.format);
    const usable = o.rows.filter((row) => row[o.value] !== null && row[o.value] !== undefined && row[o.value] !== 0);
    const totals = new Map();
    for (const row of usable) totals.set(row[o.category], (totals.get(row[o.category]) || 0) + row[o.value]);
    const shown = Array.from(totals.keys()).sort((a, b) => totals.get(b) - totals.get(a)).slice(0, o.limit || 30);
    const place = new Map(shown.map((value, i) => [value, i]));
    const inside = usable.filter((row) => place.has(row[o.category]));
    const { rows, kinds } = lumped(inside, o);
    const data = rows.map(({ row, kind, value, i }) => ({ i, c: place.get(row[o.category]), k: kind, v: value * axis.by, ...tooltipOf(o, { ...row, [o.color]: kinds[kind], [o.value]: value }) }));
    return {
      source: inside, drawn: rows.length, hidden: totals.size - shown.length,
      spec: {
        params: [{ name: "names", value: labelsOf(shown) }, { name: "kinds", value: labelsOf(kinds) }],
        data: { values: data }, height: 24 * shown.length,
        mark: markOf(o, "bar"),
        encoding: {
          y: ordinal("c", numbers(shown.length), { axis: { labelExpr: "names[datum.value]", title: null, grid: false } }),
          x: { field: "v", type: "quantitative", axis: valueAxis(o, axis), stack: "zero" },
          color: series(kinds, palette), order: { field: "k", type: "quantitative" }, tooltip: tooltips(o),
        },
      },
    };
  },

  line(o, palette) {
    const axis = axisOf(o.format);
    const usable = o.rows.filter((row) => row[o.y] !== null && row[o.y] !== undefined && row[o.x] !== null && row[o.x] !== undefined);
    const dated = usable.some((row) => typeof row[o.x] === "string");
    const { rows, kinds } = o.color ? lumped(usable, { ...o, value: o.y, category: o.x }) : { rows: usable.map((row, i) => ({ row, kind: 0, value: row[o.y], i })), kinds: [null] };
    const data = rows.map(({ row, kind, value, i }) => ({
      i, x: dated ? Date.parse(row[o.x]) : row[o.x], k: kind, v: value * axis.by,
      lo: o.band ? scaled(row[o.band[0]], axis) : scaled(row[o.low], axis), hi: o.band ? scaled(row[o.band[1]], axis) : scaled(row[o.high], axis),
      few: o.n && gta.small(row[o.n]) ? 1 : 0, ...tooltipOf(o, o.color ? { ...row, [o.color]: kinds[kind], [o.y]: value } : row),
    }));
    const x = dated
      ? { field: "x", type: "temporal", scale: { type: "utc" }, axis: { title: o.xtitle || null, grid: false, tickCount: 6, labelOverlap: true, format: "%b %-d" } }
      : { field: "x", type: "quantitative", axis: { title: o.xtitle || null, grid: false } };
    const y = { field: "v", type: "quantitative", axis: valueAxis(o, axis, "ytitle"), scale: o.domain ? { domain: o.domain } : { zero: o.zero !== false } };
    const color = o.color ? series(kinds, palette) : { value: palette.accent };
    const layers = [];
    if (o.band || o.low)
      layers.push({ mark: { type: "area", opacity: 0.14, interpolate: o.step ? "step" : "linear" }, encoding: { x, y: { ...y, field: "lo" }, y2: { field: "hi" }, color } });
    layers.push({ mark: { type: "line", strokeWidth: 2 }, encoding: { x, y, color } });
    layers.push({ mark: markOf(o, "point", { filled: true, size: data.length > 150 ? 14 : 36, opacity: 1 }), encoding: { x, y, color: o.n ? { condition: { test: "datum.few === 1", value: palette.few }, ...color } : color, tooltip: tooltips(o) } });
    for (const rule of o.rules || [])
      layers.push({ data: { values: [{ t: rule.y * axis.by }] }, mark: { type: "rule", strokeDash: [4, 3], color: palette.quiet }, encoding: { y: { field: "t", type: "quantitative" } } });
    return { source: usable, drawn: rows.length, hidden: 0, spec: { params: [{ name: "kinds", value: labelsOf(kinds) }], data: { values: data }, height: o.height || 220, layer: layers } };
  },

  donut: (o, palette) => slices(o, palette, 0.58),
  pie: (o, palette) => slices(o, palette, 0),

  histogram(o, palette) {
    const usable = o.rows.filter((row) => row[o.category] !== null && row[o.value] !== null);
    const most = Math.max(0, ...usable.map((row) => row[o.category]));
    const least = Math.min(0, ...usable.map((row) => row[o.category]));
    const width = o.binwidth || Math.max(1, Math.ceil((most - least + 1) / 60));
    const bins = new Map();
    for (const row of usable) {
      const bin = Math.floor(row[o.category] / width) * width;
      bins.set(bin, (bins.get(bin) || 0) + row[o.value]);
    }
    const drawn = Array.from(bins, ([from, value]) => ({ [o.category]: width === 1 ? from : `${from} to ${from + width - 1}`, [o.value]: value, from, width }));
    drawn.sort((a, b) => a.from - b.from);
    const data = drawn.map((row, i) => ({ i, x: row.from, x2: row.from + width * 0.94, v: row[o.value], ...tooltipOf(o, row) }));
    return {
      drawn: drawn.length, hidden: 0, source: drawn,
      spec: {
        data: { values: data }, height: o.height || 220, mark: markOf(o, "rect", { color: palette.accent }), // a bar from x to x2 would lie on its side
        encoding: {
          x: { field: "x", type: "quantitative", axis: { title: o.xtitle || null, grid: false, tickMinStep: 1, format: "~d" }, scale: { zero: false, nice: false } },
          x2: { field: "x2" }, y2: { datum: 0 }, y: { field: "v", type: "quantitative", axis: valueAxis(o, axisOf(o.format), "ytitle"), scale: { zero: true } }, tooltip: tooltips(o),
        },
      },
    };
  },

  scatter(o, palette) {
    const usable = o.rows.filter((row) => row[o.x] !== null && row[o.x] !== undefined && row[o.y] !== null && row[o.y] !== undefined);
    const xaxis = axisOf(o.xformat);
    const yaxis = axisOf(o.format);
    const { values: kinds, index } = o.color ? numbered(usable, o.color, true) : { values: [null], index: new Map() };
    const data = usable.map((row, i) => ({
      i, x: row[o.x] * xaxis.by, v: row[o.y] * yaxis.by, xlo: scaled(row[o.xlow], xaxis), xhi: scaled(row[o.xhigh], xaxis),
      lo: scaled(row[o.low], yaxis), hi: scaled(row[o.high], yaxis), k: o.color ? index.get(row[o.color]) % 8 : 0,
      few: o.n && gta.small(row[o.n]) ? 1 : 0, label: gta.clip(row[o.label], 22), ...tooltipOf(o, row),
    }));
    const x = { field: "x", type: "quantitative", axis: { ...valueAxis({ format: o.xformat }, xaxis), title: o.xtitle || null, grid: true }, scale: o.xdomain ? { domain: o.xdomain } : { zero: false, nice: true, padding: 12 } };
    const y = { field: "v", type: "quantitative", axis: valueAxis(o, yaxis, "ytitle"), scale: o.domain ? { domain: o.domain } : { zero: false, nice: true } };
    const plain = o.color ? series(kinds, palette) : { value: palette.accent };
    const color = { condition: { test: "datum.few === 1", value: palette.few }, ...plain };
    const layers = [];
    if (o.diagonal) layers.push({ data: { values: [{ x: 0, v: 0 }, { x: 1, v: 1 }] }, mark: { type: "line", strokeDash: [4, 3], color: palette.quiet, strokeWidth: 1 }, encoding: { x: { field: "x", type: "quantitative" }, y: { field: "v", type: "quantitative" } } });
    if (o.low) layers.push(whiskers(palette, { x, y: { ...y, field: "lo" }, y2: { field: "hi" }, color }));
    if (o.xlow) layers.push(whiskers(palette, { y, x: { ...x, field: "xlo" }, x2: { field: "xhi" }, color }));
    layers.push({ mark: markOf(o, "circle", { size: 80, opacity: 1 }), encoding: { x, y, color, tooltip: tooltips(o) } });
    apart(data, o.labels === false ? 0 : 14, o.width);
    if (data.some((row) => row.label))
      for (const [left, align, dx] of [[0, "left", 8], [1, "right", -8]])
        layers.push({ transform: [{ filter: `datum.left === ${left} && datum.label !== ''` }], mark: { type: "text", align, dx, dy: -6, fontSize: 10, color: palette.quiet }, encoding: { x, y, text: { field: "label", type: "nominal" } } });
    for (const rule of o.rules || [])
      layers.unshift({ data: { values: [{ t: rule.y * yaxis.by }] }, mark: { type: "rule", strokeDash: [4, 3], color: palette.quiet }, encoding: { y: { field: "t", type: "quantitative" } } });
    return { source: usable, drawn: usable.length, hidden: 0, spec: { params: [{ name: "kinds", value: labelsOf(kinds) }], data: { values: data }, height: o.height || 300, layer: layers } };
  },

  heatmap(o, palette) {
    const most = o.limit || 25;
    const all = { rows: numbered(o.rows, o.row), columns: numbered(o.rows, o.column) };
    const rows = o.rows.filter((row) => row[o.value] !== null && row[o.value] !== undefined && all.rows.index.get(row[o.row]) < most && all.columns.index.get(row[o.column]) < most);
    const data = rows.map((row, i) => ({
      i, r: all.rows.index.get(row[o.row]), c: all.columns.index.get(row[o.column]), v: row[o.value],
      text: gta.format(row[o.value], o.format === "share" ? "percent" : o.format), few: o.n && gta.small(row[o.n]) ? 1 : 0, ...tooltipOf(o, row),
    }));
    const names = (list) => labelsOf(list.values.slice(0, most));
    const x = ordinal("c", numbers(Math.min(most, all.columns.values.length)), { axis: { labelExpr: "columns[datum.value]", orient: "top", labelAngle: -40, title: o.xtitle || null, grid: false, labelLimit: 110 } });
    const y = ordinal("r", numbers(Math.min(most, all.rows.values.length)), { axis: { labelExpr: "names[datum.value]", title: o.ytitle || null, grid: false } });
    const domain = o.domain || [0, Math.max(0, ...rows.map((row) => row[o.value])) || 1];
    const color = { field: "v", type: "quantitative", scale: { domain, range: [palette.low, palette.high], clamp: true }, legend: null };
    const layers = [{ mark: markOf(o, "rect", { stroke: palette.surface, strokeWidth: 1 }), encoding: { x, y, color: { condition: { test: "datum.few === 1", value: palette.line }, ...color }, tooltip: tooltips(o) } }];
    if (o.text !== false && rows.length <= 400) {
      const middle = (domain[0] + domain[1]) / 2;
      const dark = gta.theme() === "dark";
      layers.push({ mark: { type: "text", fontSize: 10, tooltip: null }, encoding: { x, y, text: { field: "text", type: "nominal" }, color: { condition: [{ test: "datum.few === 1", value: palette.quiet }, { test: `datum.v > ${middle}`, value: dark ? "#10151c" : "#ffffff" }], value: palette.ink } } });
    }
    return {
      source: rows, drawn: rows.length, hidden: o.rows.length - rows.length,
      spec: { params: [{ name: "names", value: names(all.rows) }, { name: "columns", value: names(all.columns) }], data: { values: data }, height: 26 * y.scale.domain.length, layer: layers },
    };
  },
};

function slices(o, palette, hole) {
  const usable = o.rows.filter((row) => row[o.value]).sort((a, b) => b[o.value] - a[o.value]);
  const total = usable.reduce((sum, row) => sum + row[o.value], 0);
  let rows = usable;
  if (usable.length > 7) {
    const rest = usable.slice(6);
    rows = [...usable.slice(0, 6), { [o.category]: `${rest.length} others`, [o.value]: rest.reduce((sum, row) => sum + row[o.value], 0) }];
  }
  const names = rows.map((row) => `${gta.clip(row[o.category], 24)}  ${gta.format(row[o.value] / total, "share")}`);
  const data = rows.map((row, i) => ({ i, k: i, v: row[o.value], ...tooltipOf(o, row) }));
  return {
    drawn: rows.length, hidden: 0, source: rows,
    spec: {
      params: [{ name: "kinds", value: names }], data: { values: data }, height: o.height || 190,
      layer: [
        { mark: markOf(o, "arc", { innerRadius: hole ? 52 : 0, outerRadius: 84, stroke: palette.surface, strokeWidth: 2 }), encoding: { theta: { field: "v", type: "quantitative", stack: true }, order: { field: "k", type: "quantitative" }, color: { ...series(names, palette), legend: { orient: "right", direction: "vertical", columns: 1, labelExpr: "kinds[datum.value]", labelLimit: 220, rowPadding: 6, offset: 14 } }, tooltip: tooltips(o) } },
        ...(hole ? [{ data: { values: [{ text: gta.format(total, o.format) }] }, mark: { type: "text", fontSize: 18, fontWeight: 600, color: palette.ink }, encoding: { text: { field: "text", type: "nominal" } } }] : []),
      ],
    },
  };
}

/* Labels only of points that are far enough from each other for them to be read, those at the edges first. */
function apart(data, most, width) {
  const range = (name) => [Math.min(...data.map((row) => row[name])), Math.max(...data.map((row) => row[name])) || 1];
  const [[x0, x1], [v0, v1]] = [range("x"), range("v")];
  const at = (row) => [(row.x - x0) / (x1 - x0 || 1), (row.v - v0) / (v1 - v0 || 1)];
  const far = (row) => at(row).reduce((sum, part) => sum + Math.abs(part - 0.5), 0);
  const labeled = [];
  for (const row of data.slice().sort((a, b) => far(b) - far(a))) {
    const [x, v] = at(row);
    const free = labeled.length < most && labeled.every(([otherX, otherV]) => Math.abs(x - otherX) * width > 130 || Math.abs(v - otherV) > 0.1);
    row.left = x * width > width - 130 ? 1 : 0;
    if (free) labeled.push([x, v]);
    else row.label = "";
  }
}

/* More than eight series cannot be told apart: the smallest become one. */
function lumped(usable, o) {
  const { values } = numbered(usable, o.color, true);
  if (values.length <= 8) {
    const place = new Map(values.map((value, kind) => [value, kind]));
    return { kinds: values, rows: usable.map((row, i) => ({ row, kind: place.get(row[o.color]), value: row[o.value], i })) };
  }
  const totals = new Map();
  for (const row of usable) totals.set(row[o.color], (totals.get(row[o.color]) || 0) + Math.abs(row[o.value]));
  const kept = values.slice().sort((a, b) => totals.get(b) - totals.get(a)).slice(0, 7);
  const place = new Map(kept.map((value, kind) => [value, kind]));
  const rest = new Map();
  const rows = [];
  usable.forEach((row, i) => {
    if (place.has(row[o.color])) rows.push({ row, kind: place.get(row[o.color]), value: row[o.value], i });
    else if (rest.has(row[o.category])) rest.get(row[o.category]).value += row[o.value];
    else {
      const other = { row, kind: 7, value: row[o.value] };
      rest.set(row[o.category], other);
      rows.push(other);
    }
  });
  return { kinds: [...kept, `${values.length - 7} others`], rows };
}

const scaled = (value, axis) => (value === null || value === undefined ? null : value * axis.by);
const markOf = (o, type, extra) => ({ type, ...extra, ...(o.onClick ? { cursor: "pointer" } : {}) });
const valueAxis = (o, axis, title = "xtitle") => ({ format: axis.format === "~s" && !o.large ? ",f" : axis.format, title: o[title] || axis.unit, tickCount: 5, grid: true, ...(axis.by === 1 && o.format === "number" ? { tickMinStep: 1 } : {}) });
const series = (kinds, palette) => ({ field: "k", type: "ordinal", sort: null, scale: { domain: numbers(kinds.length), range: kinds.map((_, place) => palette.series[place % 8]) }, legend: { labelExpr: "kinds[datum.value]" } });
const whiskers = (palette, encoding, width = 1.5) => ({ mark: { type: "rule", strokeWidth: width, opacity: 0.75, color: palette.quiet, tooltip: null }, encoding });

/* The fields of a chart, as columns of its table and lines of its tooltip. */
function fieldsOf(o) {
  if (o.columns) return o.columns;
  const fields = [];
  const add = (key, title, format) => key && !fields.some((field) => field.key === key) && fields.push({ key, title, format });
  const named = (key) => (key ? key.replace(/_/g, " ").replace(/^./, (letter) => letter.toUpperCase()) : key);
  add(o.label, named(o.label), "text");
  add(o.category, o.categorytitle || named(o.category));
  add(o.row, o.ytitle || named(o.row));
  add(o.column, o.xtitle || named(o.column));
  add(o.x, o.xtitle || named(o.x), o.xformat);
  add(o.color, named(o.color));
  add(o.y, o.ytitle || named(o.y), o.format);
  add(o.value, o.valuetitle || (o.value && /^value/.test(o.value) ? "Value" : named(o.value)), o.format);
  add(o.low, "Low", o.format);
  add(o.high, "High", o.format);
  add(o.n, "n");
  return fields;
}
const tooltipOf = (o, row) => Object.fromEntries(fieldsOf(o).map((field, place) => ["t" + place, gta.clip(typeof row[field.key] === "string" ? row[field.key] : gta.format(row[field.key], field.format), 120)]));
const tooltips = (o) => fieldsOf(o).map((field, place) => ({ field: "t" + place, title: field.title, type: "nominal" }));

/* How many series fit beside each other in the legend, which begins where the plot does. */
const LETTER = 6.4;
function legendColumns(o, { params = [] }, width) {
  const longest = (texts, most) => Math.min(most, LETTER * texts.reduce((longest, text) => Math.max(longest, text.length), 0));
  const value = (name) => (params.find((param) => param.name === name) || { value: [] }).value;
  const beside = o.kind === "stacked_bar" ? 14 + longest(value("names"), 170) : 56;
  return Math.max(1, Math.floor((width - beside) / (longest(value("kinds"), 150) + 26)));
}

/* Draws a chart into an element; a promise of how many rows have a mark. */
gta.draw = async function (element, options) {
  const palette = gta.palette();
  element.style.minHeight = `${element.clientHeight}px`;
  if (element.view) element.view.finalize();
  const room = Math.max(200, element.clientWidth || 600);
  // A matrix needs room for its columns: the box scrolls then.
  const width = options.kind === "heatmap" ? Math.max(room, 170 + 34 * Math.min(options.limit || 25, numbered(options.rows, options.column).values.length)) : room;
  const numeric = options.rows.flatMap((row) => [row[options.value], row[options.y]]).filter((value) => typeof value === "number");
  const large = numeric.some((value) => Math.abs(value) >= 10000) || (options.kind === "stacked_bar" && numeric.reduce((sum, value) => sum + value, 0) >= 100000);
  const { spec, drawn, hidden, source } = KINDS[options.kind]({ ...options, width: room, large }, palette);
  if (width > room) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width, autosize: { type: "fit-x", contains: "padding" }, ...spec };
  const result = await window.vegaEmbed(element, full, {
    ast: true, renderer: "svg", actions: false, defaultStyle: false, mode: "vega-lite",
    tooltip: { disableDefaultStyle: true, theme: gta.theme() }, config: chartConfig(palette, legendColumns(options, spec, width)), logLevel: 1,
  });
  element.view = result.view;
  // The box is the image, with a name and a table; marks without names would be noise.
  element.querySelector("svg").setAttribute("aria-hidden", "true");
  element.style.minHeight = "";
  element.dataset.rows = String(drawn);
  if (options.onClick)
    result.view.addEventListener("click", (_, item) => {
      const row = item && item.datum && source[item.datum.i];
      if (row) options.onClick(row);
    });
  return { drawn, hidden };
};
