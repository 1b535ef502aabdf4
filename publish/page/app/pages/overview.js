gta.definePage({
  id: "overview",
  title: "Overview",
  marts: ["fct_worker_tasks", "rpt_jobs", "rpt_job_days", "exceptions"],
  filters: ["job", "job_kind", "modality", "worker", "date"],
  render(root, ctx) {
    const tasks = "fct_worker_tasks";
    const jobs = ctx.records("rpt_jobs");
    const sum = (name, rows = jobs) => gta.sum(rows, name);
    const answers = gta.group(tasks, ctx.rows(tasks), [], {
      n: ["count", "task_key"], golden_count: ["count", "golden_score"], golden: ["mean", "golden_score"],
      timed: ["count", "time_spent_seconds"], consolidated_count: ["count", "consolidated_score"], consolidated: ["mean", "consolidated_score"],
    })[0] || {};
    const change = gta.changes(ctx);
    const behind = (title, column) => () => gta.drill({ title, mart: tasks, rows: column ? gta.where(tasks, ctx.rows(tasks), { [column]: "known" }) : ctx.rows(tasks) });

    const names = (chosen) => chosen.map((row) => row.job_name);
    const ofJobs = (title, chosen) => (chosen.length ? () => gta.drillJobs(ctx, title, names(chosen)) : undefined);
    /* Objects of those jobs that are done, or are not. */
    const ofObjects = (title, chosen, status, count) => (count ? () => gta.drillJobs(ctx, title, names(chosen), { status, count, what: count === 1 ? "object" : "objects" }) : undefined);

    ctx.section("");
    const objects = sum("object_count");
    const remaining = jobs.every((row) => row.remaining_count === null) ? null : sum("remaining_count");
    const open = jobs.filter((row) => row.remaining_count > 0 && !["Completed", "Failed", "Stopped"].includes(row.status));
    ctx.card({
      id: "progress", title: "Objects done", value: objects && remaining !== null ? (objects - remaining) / objects : null, format: "share", marts: ["rpt_jobs"], onClick: ofObjects("Objects that are done", jobs, ["labeled"], objects - remaining),
      why: remaining === null ? "How many objects there are is not known." : `${gta.format(objects - remaining)} of ${gta.format(objects)}, in ${gta.format(jobs.length)} ${jobs.length === 1 ? "job" : "jobs"}; ${gta.format(open.length)} still running.`,
    });
    ctx.visual("answers", { change: change && change.answers, onClick: answers.n ? behind("Answers") : undefined });
    ctx.visual("golden-accuracy", { n: answers.golden_count, ...gta.wilson(answers.golden ?? null, answers.golden_count), change: change && change.golden, onClick: answers.golden_count ? behind("Answers to golden objects", "golden_score") : undefined });
    ctx.card({
      id: "agreement", title: "Agreement with the consolidated label", value: answers.consolidated ?? null, n: answers.consolidated_count, format: "share", marts: [tasks],
      ...gta.wilson(answers.consolidated ?? null, answers.consolidated_count), change: change && change.consolidated, onClick: answers.consolidated_count ? behind("Answers compared with the consolidated label", "consolidated_score") : undefined,
    });
    ctx.visual("hours", { why: `${gta.format(answers.timed)} of ${gta.format(answers.n)} answers have a time.`, change: change && change.hours, onClick: answers.timed ? behind("Answers with a time", "time_spent_seconds") : undefined });
    const audited = sum("audited_count");
    const accepted = sum("accepted_count");
    const yielded = audited ? accepted / audited : null;
    ctx.card({
      id: "first-pass-yield", title: "Accepted as they were", value: yielded, n: audited, ...gta.wilson(yielded, audited), format: "share", marts: ["rpt_jobs"], onClick: audited ? () => gta.drillReviews(ctx, "Accepted as they were, or not", names(jobs)) : undefined,
      why: audited ? "Objects that reviewers did not change." : "No object was audited, adjusted or verified.",
    });
    const costed = jobs.filter((row) => row.cost_usd !== null && row.cost_usd !== undefined);
    ctx.card({
      id: "cost", title: "Cost of the work", value: costed.length ? sum("cost_usd", costed) : null, format: "usd", marts: ["rpt_jobs"], onClick: ofJobs("Objects of the jobs whose cost is known", costed),
      why: costed.length ? `Known for ${gta.format(costed.length)} of ${gta.format(jobs.length)} jobs. ${gta.costOfLabel(costed)}` : "No job has prices or rates for all of its answers: seeds/labor_rates.csv.",
    });
    const dated = open.filter((row) => row.finish_high_at);
    const last = dated.reduce((latest, row) => (latest === null || row.finish_high_at > latest.finish_high_at ? row : latest), null);
    ctx.card({
      id: "finish", title: "Done by", value: last ? gta.format(last.finish_high_at, "date") : open.length ? null : "Nothing open", format: last ? "date" : "text", marts: ["rpt_jobs"], onClick: ofObjects("Objects that have no label", jobs, ["failed", "unlabeled"], remaining),
      why: last ? `${last.job_name}, the last of ${gta.format(open.length)} open jobs; ${gta.format(last.finish_low_at, "date")} at the earliest.` : open.length ? `${gta.format(open.length)} open ${open.length === 1 ? "job has" : "jobs have"} too little history for a date.` : jobs.some((row) => row.remaining_count > 0) ? `${gta.format(remaining)} objects have no label, but their jobs have ended.` : "Every object has its label.",
    });

    ctx.section("What needs a look");
    const found = gta.exceptions(ctx);
    if (!found.list.length) ctx.empty("Nothing: no refused file, no flagged worker, no job with a concern, no fault in the data.");
    else {
      ctx.place(
        gta.element("ul", { class: "exceptions" }, ...found.list.map(({ where, text, link, linkText }) =>
          gta.element("li", {}, gta.element("span", { class: "where" }, gta.clip(where, 44)), gta.element("span", {}, gta.clip(text, 320)), link ? gta.element("a", { href: link }, linkText) : null)))
      );
      if (found.more) ctx.note(found.more);
    }

    ctx.section("By day");
    ctx.visual("answers-per-day", { ytitle: "Answers" });
    if (gta.has("rpt_job_days"))
      ctx.chart({
        id: "finished-per-day", title: "Objects finished per day", kind: "line", x: "submitted_date", y: "finished", format: "number", ytitle: "Objects",
        rows: gta.group("rpt_job_days", ctx.rows("rpt_job_days"), ["submitted_date"], { finished: ["sum", "finished_count"], answers: ["sum", "answer_count"] }).filter((row) => row.submitted_date !== null),
        marts: ["rpt_job_days"],
      });

    ctx.section("Jobs");
    const byName = new Map(jobs.map((row) => [row.job_name, row]));
    ctx.visual("jobs", {
      rowText: "Only this", first: { nowrap: true }, onClick: (row) => gta.filter({ ...gta.state, job: [row.job_name] }),
      columns: { Done: { format: "progress" }, "Golden accuracy": { n: "golden_count", low: "golden_low", high: "golden_high" } },
      extend(columns, rows) {
        for (const row of rows) {
          const job = byName.get(row.job_name) || {};
          Object.assign(row, {
            status: job.status, golden_count: job.golden_count, golden_low: job.golden_accuracy_low, golden_high: job.golden_accuracy_high,
            yielded: job.first_pass_yield, audited_count: job.audited_count, cost: job.cost_usd,
            finish: job.remaining_count > 0 ? job.finish_high_at : null, concern: job.main_concern,
          });
        }
        columns.splice(1, 0, { key: "status", title: "Status" });
        columns.push(
          { key: "yielded", title: "Accepted", format: "share", n: "audited_count" }, { key: "cost", title: "Cost", format: "usd" },
          { key: "finish", title: "Done by", format: "date" }, { key: "concern", title: "Main concern", clip: 300 },
        );
      },
    });
  },
});

/* The last seven days of work against the seven before, of the same filters but the date's. */
gta.changes = function (ctx) {
  const mart = "fct_worker_tasks";
  const rows = gta.rows(mart, { ignore: ["date"] });
  const column = gta.tables[mart].columns.submitted_date;
  const [, chosen] = gta.state.date;
  let last = chosen ? gta.days(chosen) : -Infinity;
  if (!chosen) for (const row of rows) if (!(column.nulls && column.nulls[row]) && column.values[row] > last) last = column.values[row];
  if (last === -Infinity) return null;
  const within = (from, to) => rows.filter((row) => !(column.nulls && column.nulls[row]) && column.values[row] > from && column.values[row] <= to);
  const figures = (chosen) => gta.group(mart, chosen, [], {
    n: ["count", "task_key"], seconds: ["sum", "time_spent_seconds"], golden: ["mean", "golden_score"], golden_count: ["count", "golden_score"],
    consolidated: ["mean", "consolidated_score"], consolidated_count: ["count", "consolidated_score"],
  })[0] || { n: 0 };
  const now = figures(within(last - 7, last));
  const before = figures(within(last - 14, last - 7));
  const days = `${gta.day(last - 6).slice(5)} to ${gta.day(last).slice(5)}`;
  const ratio = (name, format) => {
    if (!before[name] || now[name] === null) return now[name] ? { value: null } : null;
    const value = now[name] / before[name] - 1;
    return { value, text: `${gta.format(Math.abs(value), "share")} ${value < 0 ? "less" : "more"} from ${days} (${gta.format(now[name], format)}) than in the 7 days before` };
  };
  const points = (name) => {
    const [a, b, n, m] = [now[name], before[name], now[`${name}_count`], before[`${name}_count`]];
    if (a === null || b === null || a === undefined || b === undefined || gta.small(n) || gta.small(m)) return null;
    const value = a - b;
    const error = Math.sqrt((a * (1 - a)) / n + (b * (1 - b)) / m);
    const sure = Math.abs(value) > 1.96 * error;
    return { value, sure, good: "up", text: `${gta.format(Math.abs(value) * 100, "decimal")} points ${value < 0 ? "lower" : "higher"} from ${days} than in the 7 days before${sure ? "" : ", within chance"}` };
  };
  return { answers: ratio("n", "number"), hours: ratio("seconds", "hours"), golden: points("golden"), consolidated: points("consolidated") };
};

gta.costOfLabel = function (jobs) {
  const priced = jobs.filter((row) => row.cost_per_accepted_label_usd !== null || row.cost_per_label_usd !== null);
  if (priced.length !== 1) return "";
  const [{ cost_per_accepted_label_usd: accepted, cost_per_label_usd: label }] = priced;
  return accepted !== null ? `${gta.format(accepted, "usd")} an accepted label.` : `${gta.format(label, "usd")} a label.`;
};

/* At most five things in words: the first of each kind, then by rank, each worker once. As `leading` of
 * publish/exceptions.py has them, of what the filters leave. */
const EXCEPTION_KINDS = {
  job: ["quality", "Quality", "job with a concern", "jobs with a concern"],
  stuck: ["overview", "", "job that is stuck", "jobs that are stuck"],
  worker: ["worker", "Worker", "question about a worker", "questions about workers"],
  files: ["data_health", "Data health", "job with refused files", "jobs with refused files"],
  data: ["data_health", "Data health", "finding in the data", "findings in the data"],
};
gta.exceptions = function (ctx, most = 5) {
  const found = ctx.records("exceptions");
  const firsts = new Map();
  const workers = new Set();
  const others = [];
  for (const finding of found) {
    if (finding.worker_key !== null) {
      if (workers.has(finding.worker_key)) continue;
      workers.add(finding.worker_key);
    }
    if (firsts.has(finding.kind)) others.push(finding);
    else firsts.set(finding.kind, finding);
  }
  const chosen = new Set([...firsts.values(), ...others].slice(0, most));
  const list = found.filter((finding) => chosen.has(finding)).map((finding) => {
    const [page, linkText] = EXCEPTION_KINDS[finding.kind];
    const argument = page === "worker" ? "/" + encodeURIComponent(finding.worker_key) : "";
    const start = finding.job_name + ": ";
    return {
      where: finding.job_name, text: finding.sentence.startsWith(start) ? finding.sentence.slice(start.length) : finding.sentence,
      link: linkText && gta.page(page) ? `#${page}${argument}` : null, linkText,
    };
  });
  const rest = Object.entries(EXCEPTION_KINDS).map(([kind, [, , one, many]]) => [found.filter((finding) => finding.kind === kind && !chosen.has(finding)).length, one, many])
    .filter(([count]) => count).map(([count, one, many]) => `${gta.format(count)} ${count === 1 ? one : many}`);
  return { list, more: rest.length ? `And ${listed(rest)}.` : "" };
};
