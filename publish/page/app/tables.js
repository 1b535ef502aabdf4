/* Tables: sorted, searched, in pages; CSV with formulas neutralised. */

const NUMERIC = new Set(["number", "decimal", "seconds", "hours", "share", "score", "usd", "progress"]);

/* A CSV cell. A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers. */
gta.csvCell = function (value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
  return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
};
gta.csv = (columns, rows) =>
  [columns.map((column) => gta.csvCell(column.title)), ...rows.map((row) => columns.map((column) => gta.csvCell(row[column.key])))]
    .map((cells) => cells.join(",") + "\r\n")
    .join("");

gta.download = function (name, text) {
  const link = gta.element("a", { href: URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv;charset=utf-8" })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

function compare(a, b) {
  const missing = (a === null || a === undefined) - (b === null || b === undefined);
  if (missing || a === null || a === undefined) return missing;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return a - b;
}

function warns(column, value, row) {
  if (value === null || value === undefined || !column.warn) return false;
  if (typeof column.warn === "function") return column.warn(value, row);
  const [, sign, limit] = /^([<>])\s*(-?[\d.]+)$/.exec(column.warn);
  return sign === "<" ? value < Number(limit) : value > Number(limit);
}

/* A table into an element. Returns {drawn}; element.dataset.rows follows. */
gta.drawTable = function (element, options) {
  const { columns, rows } = options;
  const size = options.size || 15;
  let sorted = options.sort ? { key: options.sort.replace(/^-/, ""), down: options.sort.startsWith("-") } : null;
  let wanted = "";
  let from = 0;
  const numeric = (column) => column.align === "right" || (!column.align && NUMERIC.has(column.format)) ||
    (!column.align && !column.format && rows.some((row) => typeof row[column.key] === "number"));
  const isNumeric = new Map(columns.map((column) => [column.key, numeric(column)]));
  // Short texts on one line; long ones get room, however narrow the screen is.
  const longest = new Map(columns.map((column) => [column.key, rows.slice(0, 500).reduce((most, row) => Math.max(most, typeof row[column.key] === "string" ? row[column.key].length : 0), 0)]));
  const text = (row, column) => (typeof row[column.key] === "string" ? row[column.key] : gta.format(row[column.key], column.format));

  const tools = gta.element("div", { class: "table-tools" });
  const count = gta.element("span", { class: "quiet", role: "status" });
  if (options.search !== false && rows.length > 8) {
    const input = gta.element("input", { type: "search", placeholder: "Search", "aria-label": `Search in ${options.title}` });
    input.addEventListener("input", () => ((wanted = input.value.toLowerCase()), (from = 0), fill()));
    tools.append(input);
  }
  tools.append(count);
  if (options.csv !== false && rows.length) {
    const button = gta.element("button", { type: "button", class: "small", "aria-label": `CSV of ${options.title}` }, "CSV");
    button.addEventListener("click", () => gta.download(`${options.id}.csv`, gta.csv(columns, arranged())));
    tools.append(button);
  }
  const box = gta.element("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": options.title });
  const table = gta.element("table");
  const head = gta.element("tr");
  const heads = columns.map((column) => {
    const cell = gta.element("th", { scope: "col", class: isNumeric.get(column.key) ? "right" : "" });
    const button = gta.element("button", { type: "button", title: column.why || "" }, column.title);
    button.addEventListener("click", () => {
      sorted = { key: column.key, down: sorted && sorted.key === column.key ? !sorted.down : isNumeric.get(column.key) };
      from = 0;
      fill();
    });
    cell.append(button);
    head.append(cell);
    return cell;
  });
  if (options.onRow) head.append(gta.element("th", { scope: "col" }, gta.element("span", { class: "hidden-text" }, "Details")));
  const thead = gta.element("thead", {}, head);
  const body = gta.element("tbody");
  table.append(thead, body);
  box.append(table);
  const pager = gta.element("div", { class: "pager" });
  const before = gta.element("button", { type: "button", class: "small" }, "Previous");
  const after = gta.element("button", { type: "button", class: "small" }, "Next");
  before.addEventListener("click", () => ((from = Math.max(0, from - size)), fill()));
  after.addEventListener("click", () => ((from += size), fill()));
  pager.append(before, after);
  element.replaceChildren(tools, box, pager);

  function arranged() {
    let result = rows;
    if (wanted) result = result.filter((row) => columns.some((column) => text(row, column).toLowerCase().includes(wanted)));
    if (sorted) {
      const { key, down } = sorted;
      // What is not known comes last, whichever way.
      result = result.slice().sort((a, b) => {
        const missing = (a[key] === null || a[key] === undefined) - (b[key] === null || b[key] === undefined);
        return missing || (down ? compare(b[key], a[key]) : compare(a[key], b[key]));
      });
    }
    return result;
  }

  function cellOf(row, column) {
    const value = row[column.key];
    const cell = gta.element("td", { class: isNumeric.get(column.key) ? "right" : "" });
    if (longest.get(column.key) <= (column.nowrap ? 48 : 28)) cell.classList.add("nowrap");
    else if (longest.get(column.key) > 60) cell.classList.add("long");
    const few = column.n && value !== null && value !== undefined && gta.small(row[column.n]);
    if (few) {
      cell.classList.add("few");
      cell.title = `n = ${gta.format(row[column.n])}: too few to judge`;
    }
    if (!few && warns(column, value, row)) {
      cell.classList.add("warn");
      cell.append(gta.element("span", { class: "hidden-text" }, "needs a look: "));
    }
    const shown = typeof value === "string" ? gta.clip(column.format === "date" || column.format === "time" ? gta.format(value, column.format) : value, column.clip || 160) : gta.format(value, column.format);
    if (column.format === "progress" && typeof value === "number") {
      const bar = gta.element("span", { class: "progress", "aria-hidden": "true" }, gta.element("span"));
      bar.firstChild.style.width = `${Math.min(100, Math.max(0, value * 100))}%`;
      cell.append(bar, gta.element("span", { class: "progress-text" }, shown));
    } else if (column.link && column.link(row)) {
      cell.append(gta.element("a", { href: column.link(row) }, shown));
    } else if (column.uri && typeof value === "string" && /^https?:\/\//.test(value)) {
      cell.append(gta.element("a", { href: value, rel: "noopener noreferrer", target: "_blank" }, shown));
    } else if (column.tag && value !== null && value !== undefined) {
      cell.append(gta.element("span", { class: "tag " + (column.tag(row) || "") }, shown));
    } else cell.append(document.createTextNode(shown));
    if (column.low && row[column.low] !== null && row[column.low] !== undefined)
      cell.append(gta.element("span", { class: "interval" }, ` ${gta.interval(row[column.low], row[column.high], column.format)}`));
    if (few) cell.append(gta.element("span", { class: "hidden-text" }, ` (only ${gta.format(row[column.n])})`));
    return cell;
  }

  function fill() {
    const all = arranged();
    if (from >= all.length) from = Math.max(0, Math.floor((all.length - 1) / size) * size);
    const page = options.all ? all : all.slice(from, from + size);
    heads.forEach((cell, place) => {
      const { key } = columns[place];
      cell.setAttribute("aria-sort", sorted && sorted.key === key ? (sorted.down ? "descending" : "ascending") : "none");
    });
    body.replaceChildren(
      ...page.map((row) => {
        const line = gta.element("tr", {}, ...columns.map((column) => cellOf(row, column)));
        if (options.onRow) {
          const button = gta.element("button", { type: "button", class: "small" }, options.rowText || "Show");
          button.append(gta.element("span", { class: "hidden-text" }, ` ${gta.clip(text(row, columns[0]), 60)}`));
          button.addEventListener("click", () => options.onRow(row));
          line.append(gta.element("td", { class: "right act" }, button));
        }
        return line;
      })
    );
    const few = all.length <= size || options.all;
    pager.hidden = few;
    before.disabled = from === 0;
    after.disabled = from + size >= all.length;
    count.textContent = all.length === rows.length && few ? `${gta.format(rows.length)} ${rows.length === 1 ? "row" : "rows"}`
      : `${gta.format(all.length ? from + 1 : 0)}–${gta.format(Math.min(from + size, all.length))} of ${gta.format(all.length)}${all.length < rows.length ? `, found in ${gta.format(rows.length)}` : ""}`;
    element.dataset.rows = String(page.length);
  }
  fill();
};
