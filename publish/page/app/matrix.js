/* A matrix: what should be down, what is across, and in each cell the share, how many it is of, and its interval. */

const MOST_LINES = 25;

/* options: as of ctx.table, and
 *   row, column, value, n        fields of a row; low?, high?, count? (how many of n)
 *   columnorder                  field that columns are sorted by; else as rows come, and a square matrix like its rows
 *   rowtitle, columntitle        what the two are
 *   compact                      the interval is in the tooltip and in the table only
 *   good: row => boolean         is a large share good (blue), or bad (red)?
 *   rows: choice => [rows]; choices?: [{key, text}], choice, choose: key => …   which of several matrices is shown */
function matrixOf(options, page) {
  const { panel, reach } = panelOf(options, page, "matrix");
  const inside = gta.element("div", { class: "matrix-block" });
  inside.dataset.visual = options.id;
  let rows = [];
  blocks.push({ id: options.id, kind: "matrix", rows: () => rows });
  const fill = (choice) => {
    rows = options.rows(choice);
    drawMatrix(inside, options, rows);
  };
  if (options.choices && options.choices.length > 1) {
    const select = gta.element("select", { "aria-label": `${options.title}: of what` }, ...options.choices.map(({ text }, place) => gta.element("option", { value: String(place) }, text)));
    select.value = String(options.choices.findIndex(({ key }) => key === options.choice));
    select.addEventListener("change", () => {
      const { key } = options.choices[Number(select.value)];
      options.choose(key);
      fill(key);
    });
    panel.append(gta.element("div", { class: "table-tools" }, select));
  } else if (options.choices && options.choices.length) panel.append(gta.element("p", { class: "why" }, options.choices[0].text));
  fill(options.choice);
  panel.append(inside);
  if (reach) panel.append(reach);
  return panel;
}

function drawMatrix(inside, options, rows) {
  const down = numbered(rows, options.row).values;
  let across = numbered(rows, options.column).values;
  if (options.columnorder) across = numbered(rows.slice().sort((a, b) => a[options.columnorder] - b[options.columnorder]), options.column).values;
  if (options.square) {
    // Both sides in one order, so that what is right is on the diagonal; what is no class comes last.
    const last = (value) => (value === null || value === "(none)" ? 1 : 0);
    const order = numbered([...down, ...across].map((value) => ({ value })), "value").values;
    order.sort((a, b) => last(a) - last(b) || (a < b ? -1 : a > b ? 1 : 0));
    down.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    across.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  }
  if (!rows.length) {
    inside.replaceChildren(gta.element("p", { class: "empty" }, options.empty || "No rows for these filters."));
    inside.dataset.rows = "0";
    return;
  }
  const found = new Map(down.map((name) => [name, new Map()]));
  for (const row of rows) found.get(row[options.row]).set(row[options.column], row);
  const seen = { down: down.slice(0, MOST_LINES), across: across.slice(0, MOST_LINES) };
  let drawn = 0;
  const cellOf = (row) => {
    if (!row) return gta.element("td", { class: "nothing" });
    drawn++;
    const few = gta.small(row[options.n]);
    const value = row[options.value];
    const cell = gta.element("td", { class: few ? "few" : "" }, gta.element("strong", {}, gta.format(value, "percent")));
    const interval = options.low && row[options.low] !== null ? `${gta.format(row[options.low], "percent").replace(" %", "")}–${gta.format(row[options.high], "percent")}` : null;
    const count = options.count ? `${gta.format(row[options.count])} of ${gta.format(row[options.n])}` : `n ${gta.format(row[options.n])}`;
    cell.append(gta.element("span", { class: "quiet" }, count));
    if (interval && !options.compact) cell.append(gta.element("span", { class: "quiet" }, interval));
    if (interval) cell.title = `95 %: ${interval}`;
    if (value === 0) cell.classList.add("zero");
    if (few) cell.append(gta.element("span", { class: "hidden-text" }, " too few to judge"));
    else if (value > 0) {
      cell.classList.add(options.good && options.good(row) ? "good" : "bad");
      cell.style.setProperty("--share", `${Math.round(6 + value * 32)}%`);
    }
    return cell;
  };
  const head = gta.element("tr", {}, gta.element("th", { scope: "col" }, `${options.rowtitle} ↓  ${options.columntitle} →`), ...seen.across.map((name) => gta.element("th", { scope: "col" }, gta.clip(name, 40))));
  const body = gta.element("tbody", {}, ...seen.down.map((name) => gta.element("tr", {}, gta.element("th", { scope: "row" }, gta.clip(name, 70)), ...seen.across.map((other) => cellOf(found.get(name).get(other))))));
  const box = gta.element("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": options.title }, gta.element("table", { class: "cells" }, gta.element("thead", {}, head), body));
  const details = gta.element("details", { class: "as-table" }, gta.element("summary", {}, "Show as table"));
  const table = gta.element("div");
  details.append(table);
  const columns = [
    { key: options.row, title: options.rowtitle }, { key: options.column, title: options.columntitle },
    { key: options.value, title: "Share", format: "share", n: options.n, low: options.low, high: options.high },
    ...(options.count ? [{ key: options.count, title: "Count" }] : []), { key: options.n, title: "Of" },
  ];
  details.addEventListener("toggle", () => {
    if (details.open && !table.childElementCount) gta.drawTable(table, { id: options.id, title: options.title, columns, rows });
  });
  const hidden = rows.length - drawn;
  inside.replaceChildren(box, ...(hidden ? [gta.element("p", { class: "why" }, `and ${gta.format(hidden)} more, in the table`)] : []), details);
  inside.dataset.rows = String(drawn);
}
