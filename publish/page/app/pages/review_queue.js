/* Review queue: which labels to look at next, and why; and how to start the job that looks at them. */
{
  const SIGNALS = new Map([
    ["golden", "golden answer differs"],
    ["consensus", "reliable workers say otherwise"],
    ["disagreement", "answers differ"],
    ["machine", "the model was not sure"],
    ["class", "class is often in doubt"],
    ["adjusted class", "class is often adjusted"],
    ["split review", "reviewers were split"],
    ["entropy", "several classes were given"],
    ["size", "unusual size"],
    ["confidence", "low confidence"],
    ["time", "unusual time"],
  ]);
  const KINDS = [["verification", "say whether each label is right"], ["adjustment", "correct the labels"], ["labeling", "label the objects anew"]];
  const SOURCES = new Map([
    ["queue", "the worst of the queue"],
    ["errors", "what reviewers rejected"],
    ["certificate", "a random sample, for a certificate"],
  ]);
  const chosen = { job: null, source: "queue", kind: "verification", count: 100 };

  const QUEUE = [
    { key: "score", title: "Score", format: "score", why: "How likely the label is wrong" }, { key: "job_name", title: "Job" }, { key: "object_index", title: "Object", format: "text", align: "right" },
    { key: "label", title: "Label" }, { key: "suggested_label", title: "Suggested" }, { key: "reason", title: "Why" }, { key: "answer_count", title: "Answers" },
    { key: "source_uri", title: "Object's uri", uri: true, clip: 120 },
  ];
  const ERRORS = [
    { key: "job_name", title: "Review" }, { key: "label", title: "Label" }, { key: "suggested_label", title: "Suggested" }, { key: "verdict", title: "Verdict" },
    { key: "disconfirm_count", title: "Against" }, { key: "votes", title: "Votes" }, { key: "confidence", title: "Confidence, %" }, { key: "item_uri", title: "Object's uri", uri: true, clip: 120 },
  ];
  const judged = (row) => ({ ...row, verdict: row.is_split ? "reviewers were split" : "rejected", votes: row.confirm_count === null ? null : row.confirm_count + row.disconfirm_count });
  const quoted = (text) => (/^[\w./:@-]+$/.test(text) ? text : `'${String(text).replace(/'/g, "'\\''")}'`);
  const signalsOf = (row) => {
    try {
      return Object.entries(JSON.parse(row.reasons_json));
    } catch {
      return []; // not known
    }
  };
  const strongest = (row) => {
    const found = signalsOf(row).sort((a, b) => b[1] - a[1]);
    return found.length ? (SIGNALS.get(found[0][0]) ?? found[0][0]) : "other";
  };

  function cards(ctx, rows, errors) {
    const likely = rows.filter((row) => row.score >= 0.5);
    const suggested = rows.filter((row) => row.suggested_label !== null);
    const listed = (title, found, columns) => (found.length ? () => gta.drillList(ctx, { title, rows: found, columns, what: "objects" }) : undefined);
    const rejectedOnes = errors.length ? () => gta.drillList(ctx, { title: "Labels rejected in reviews", rows: errors.map(judged), columns: ERRORS, what: "labels" }) : undefined;
    ctx.card({ id: "queue-length", title: "Objects in the queue", value: rows.length, marts: ["rpt_review_queue"], why: `In ${gta.format(new Set(rows.map((row) => row.job_name)).size)} jobs. A label that was reviewed since it was made is not listed.`, onClick: listed("Objects in the queue", rows, QUEUE) });
    ctx.card({ id: "queue-likely", title: "More likely wrong than right", value: likely.length, marts: ["rpt_review_queue"], why: "Score of .5 or more: the chance that at least one sign of a wrong label is right.", onClick: listed("More likely wrong than right", likely, QUEUE) });
    ctx.card({ id: "queue-suggested", title: "With a better label to offer", value: suggested.length, marts: ["rpt_review_queue"], why: "The golden answer, or what reliable workers say.", onClick: listed("With a better label to offer", suggested, QUEUE) });
    ctx.card({ id: "queue-errors", title: "Labels rejected in reviews", value: errors.length, marts: ["rpt_review_errors"], why: `${gta.format(errors.filter((row) => row.is_split).length)} of them by some reviewers only.`, onClick: rejectedOnes });
  }

  function shapes(ctx, rows) {
    const jobs = new Map();
    for (const row of rows) {
      const signal = strongest(row);
      const key = JSON.stringify([row.job_name, signal]);
      const entry = jobs.get(key) ?? { job_name: row.job_name, signal, count: 0 };
      entry.count++;
      jobs.set(key, entry);
    }
    ctx.chart({
      id: "queue-jobs", title: "Where they are, and the strongest sign", kind: "stacked_bar", category: "job_name", color: "signal", value: "count", limit: 15, rows: Array.from(jobs.values()), marts: ["rpt_review_queue"],
      columns: [{ key: "job_name", title: "Job" }, { key: "signal", title: "Strongest sign" }, { key: "count", title: "Objects" }],
      onClick: (row) => gta.filter({ ...gta.state, job: [row.job_name] }),
      why: "Click on a job to see only its objects.",
    });
    const bins = numbersOf(rows);
    ctx.chart({
      id: "queue-scores", title: "How likely they are wrong", kind: "histogram", category: "percent", value: "count", binwidth: 10, xtitle: "Score, in percent", ytitle: "Objects", rows: bins, marts: ["rpt_review_queue"],
      columns: [{ key: "percent", title: "Score from, in percent" }, { key: "count", title: "Objects" }],
      why: "Many objects at the right end: review now. Scores are comparable within a job.",
    });
  }

  function numbersOf(rows) {
    const counts = new Map();
    for (const row of rows) {
      const percent = Math.min(99, Math.floor(row.score * 10) * 10);
      counts.set(percent, (counts.get(percent) ?? 0) + 1);
    }
    return Array.from(counts, ([percent, count]) => ({ percent, count })).sort((a, b) => a.percent - b.percent);
  }

  /* The command that writes objects to look at as the input of the next job. */
  function command(ctx, rows, errors) {
    const jobs = new Map();
    const types = new Map();
    const sources = new Map();
    const from = (job, source, count) => {
      if (!sources.has(job)) sources.set(job, []);
      if (!sources.get(job).includes(source)) sources.get(job).push(source);
      jobs.set(job, (jobs.get(job) ?? 0) + count);
    };
    for (const row of rows) {
      from(row.job_name, "queue", 1);
      types.set(row.job_name, row.task_type);
    }
    for (const row of errors) if (row.job_kind === "review") from(row.job_name, "errors", 1);
    const able = (job) => (gta.meta.purposes[types.get(job)] ?? []).filter((kind) => kind !== "labeling");
    for (const row of ctx.records("rpt_label_certificates"))
      if (able(row.job_name).length && row.label === null && row.basis === "audit" && !row.is_certified && row.audits_needed !== null) from(row.job_name, "certificate", 0);
    const names = Array.from(jobs.keys()).sort((a, b) => jobs.get(b) - jobs.get(a));
    if (!names.length) return;
    if (!jobs.has(chosen.job)) chosen.job = names[0];
    const code = gta.element("code", { id: "gta-command" });
    const copy = gta.element("button", { type: "button", class: "small" }, "Copy");
    const said = gta.element("span", { class: "quiet", role: "status" });
    // Ground Truth verifies and adjusts labels of some task types only.
    const kinds = gta.element("select");
    const origins = gta.element("select");
    const offer = () => {
      const found = sources.get(chosen.job);
      origins.replaceChildren(...found.map((source) => gta.element("option", { value: source }, SOURCES.get(source))));
      origins.value = found.includes(chosen.source) ? chosen.source : found[0];
      // What a review rejected is labeled anew: the review has no labels of its own. Labels that are made anew certify nothing.
      const possible = KINDS.filter(([kind]) => (kind === "labeling" ? origins.value !== "certificate" : origins.value !== "errors" && able(chosen.job).includes(kind)));
      kinds.replaceChildren(...possible.map(([kind, words]) => gta.element("option", { value: kind }, words)));
      kinds.value = (possible.find(([kind]) => kind === chosen.kind) ?? possible[0])[0];
    };
    kinds.addEventListener("change", () => ((chosen.kind = kinds.value), fill()));
    origins.addEventListener("change", () => ((chosen.source = origins.value), fill()));
    const number = gta.element("input", { type: "number", min: "1", max: "100000", value: String(chosen.count) });
    const fill = () => {
      offer();
      const source = origins.value;
      // A certificate says itself how many it needs.
      const count = source === "certificate" ? "" : ` --count ${Math.max(1, Math.min(chosen.count, jobs.get(chosen.job)))}`;
      number.disabled = source === "certificate";
      // A job's name may begin like an option.
      code.textContent = `python -m publish review-manifest${source === "queue" ? "" : ` --from ${source}`} --for ${kinds.value}${count} ${chosen.job.startsWith("-") ? "-- " : ""}${quoted(chosen.job)} next-job`;
      said.textContent = "";
    };
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        said.textContent = "Copied.";
      } catch {
        window.getSelection().selectAllChildren(code); // a browser may forbid it: then it is marked, to be copied by hand
        said.textContent = "Marked: copy it with Ctrl+C.";
      }
    });
    const which = gta.element("select", {}, ...names.map((name, place) => gta.element("option", { value: String(place) }, `${gta.clip(name, 40)} (${gta.format(jobs.get(name))})`)));
    which.value = String(names.indexOf(chosen.job));
    which.addEventListener("change", () => ((chosen.job = names[Number(which.value)]), fill()));
    number.addEventListener("input", () => ((chosen.count = Number(number.value) || 1), fill()));
    fill();
    ctx.place(
      gta.element(
        "article", { class: "panel wide" },
        gta.element("header", {}, gta.element("h3", {}, "Start the next job from it"), gta.element("p", { class: "why" }, "Writes these objects as an input manifest, and beside it what workers see and the request that creates the labeling job. The next load takes that job for a review of this one.")),
        gta.element(
          "div", { class: "form" },
          gta.element("label", {}, "Job", which),
          gta.element("label", {}, "Objects from", origins),
          gta.element("label", {}, "People are to", kinds),
          gta.element("label", {}, "Objects", number)
        ),
        gta.element("div", { class: "command" }, gta.element("pre", { tabindex: "0", "aria-label": "Command" }, code), copy, said)
      )
    );
  }

  function list(ctx, rows) {
    ctx.table({
      id: "queue", title: "Look at these next", marts: ["rpt_review_queue"], search: true, csv: true, wide: true, size: 20,
      rows: rows.slice().sort((a, b) => b.score - a.score || a.position - b.position || (a.job_name < b.job_name ? -1 : a.job_name > b.job_name ? 1 : a.object_index - b.object_index)),
      columns: QUEUE,
      empty: "No label has any sign of being wrong.",
    });
  }

  function rejected(ctx, errors) {
    ctx.section("Rejected in reviews", "What goes back into training: labels that reviewers rejected, or did not agree on.");
    const classes = new Map();
    for (const row of errors) {
      const words = row.is_split ? "reviewers were split" : "rejected";
      const key = JSON.stringify([row.label, words]);
      const entry = classes.get(key) ?? { label: row.label, verdict: words, count: 0 };
      entry.count++;
      classes.set(key, entry);
    }
    ctx.chart({
      id: "errors-classes", title: "Rejected labels by class", kind: "stacked_bar", category: "label", color: "verdict", value: "count", limit: 15, rows: Array.from(classes.values()), marts: ["rpt_review_errors"],
      columns: [{ key: "label", title: "Class" }, { key: "verdict", title: "Verdict" }, { key: "count", title: "Labels" }],
    });
    ctx.table({
      id: "errors", title: "Every rejected label", marts: ["rpt_review_errors"], search: true, csv: true, wide: true, sort: "-disconfirm_count",
      rows: errors.map(judged),
      columns: ERRORS,
    });
  }

  gta.definePage({
    id: "review_queue",
    title: "Review queue",
    marts: ["rpt_review_queue", "rpt_review_errors", "rpt_label_certificates"],
    filters: ["job", "job_kind", "label"],
    render(root, ctx) {
      const rows = ctx.records("rpt_review_queue");
      const errors = gta.about(ctx, "rpt_review_errors");
      ctx.section("What to look at next", "Labels most likely wrong, the worst first: by golden answers, by what reliable workers say, by disagreement, and by what reviews found in the same class.");
      cards(ctx, rows, errors);
      if (rows.length) shapes(ctx, rows);
      list(ctx, rows);
      command(ctx, rows, errors);
      if (errors.length) rejected(ctx, errors);
    },
  });
}
