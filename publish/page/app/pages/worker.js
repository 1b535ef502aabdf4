/* One worker: what a team lead shows the worker. No other worker is named on it. */
{
  const MOST = 6;
  const { sum } = gta;

  /* A sentence without the names of others. */
  function alone(text, key) {
    let masked = text;
    for (const [other, name] of gta.workers())
      if (other !== key && name && name.length > 2 && masked.includes(name)) masked = masked.split(name).join("another worker");
    return masked;
  }

  const own = (ctx, mart, key, where) => ctx.records(mart, { ignore: ["worker"], where: { ...where, worker_key: key } });
  function ownRows(ctx, key) {
    return gta.where("fct_worker_tasks", ctx.rows("fct_worker_tasks", { ignore: ["worker"] }), { worker_key: key });
  }
  /* Rows of the jobs that the worker works in: what the worker is put beside. A page about some workers has none of others. */
  function teamRows(ctx, jobs) {
    if (gta.meta.restricted) return new Uint32Array(0);
    return gta.where("fct_worker_tasks", ctx.rows("fct_worker_tasks", { ignore: ["worker"] }), { job_name: jobs });
  }

  /* The team job by job; on a page about some workers as rpt_jobs has it, over all days. */
  function teamByJob(ctx, everybody) {
    if (!gta.meta.restricted) return byJob(everybody);
    return ctx.records("rpt_jobs", { ignore: gta.FILTERS }).map((job) => ({
      job_name: job.job_name, timed: job.timed_answer_count, median: job.median_time_seconds, golden: job.golden_accuracy, golden_count: job.golden_count,
    }));
  }

  function cards(ctx, rows, team) {
    const figures = {
      answers: ["count", "task_key"], total: ["sum", "time_spent_seconds"], timed: ["count", "time_spent_seconds"], median: ["p50", "time_spent_seconds"], jobs: ["distinct", "job_name"],
      golden: ["mean", "golden_score"], golden_count: ["count", "golden_score"], peer: ["mean", "peer_score"], peer_count: ["count", "peer_score"],
    };
    const [mine] = gta.group("fct_worker_tasks", rows, [], figures);
    const [all] = gta.group("fct_worker_tasks", team, [], figures);
    const beside = (name, format) => (team.length ? `The team, in the same jobs: ${gta.format(all[name], format)}.` : undefined);
    const marts = ["fct_worker_tasks"];
    const ignore = [];
    const behind = (title, column) => rows.length && (() => gta.drill({ title, mart: "fct_worker_tasks", rows: column ? gta.where("fct_worker_tasks", rows, { [column]: "known" }) : rows }));
    ctx.card({ id: "own-answers", title: "Answers", value: mine.answers, marts, ignore, why: `In ${gta.format(mine.jobs)} ${mine.jobs === 1 ? "job" : "jobs"}.`, onClick: behind("Answers") });
    ctx.card({ id: "own-time", title: "Time spent", value: mine.total, format: "hours", marts, ignore, onClick: behind("Answers with a time", "time_spent_seconds") });
    ctx.card({ id: "own-median", title: "Half of the answers take less than", value: mine.median, format: "seconds", n: mine.timed, marts, ignore, why: beside("median", "seconds"), onClick: behind("Answers with a time", "time_spent_seconds") });
    if (mine.golden_count)
      ctx.card({ id: "own-golden", title: "Right on golden answers", value: mine.golden, format: "share", n: mine.golden_count, ...gta.wilson(mine.golden, mine.golden_count), marts, ignore, why: beside("golden", "share"), onClick: behind("Answers to golden objects", "golden_score") });
    else
      ctx.card({ id: "own-peers", title: "Agrees with the others", value: mine.peer, format: "share", n: mine.peer_count, ...gta.wilson(mine.peer, mine.peer_count), marts, ignore, why: beside("peer", "share"), onClick: behind("Answers compared with the others", "peer_score") });
  }

  function flagged(ctx, key, flags) {
    if (!flags.length) return ctx.note("No flag: nothing that the rules look for was found.");
    const list = gta.element("ul", { class: "exceptions" });
    for (const flag of flags)
      list.append(gta.element("li", {}, gta.element("span", { class: "where" }, flag.flag), gta.element("span", {}, alone(flag.explanation, key), gta.element("span", { class: "quiet" }, ` ${gta.clip(flag.job_name, 60)}`))));
    ctx.place(list);
    return ctx.note("A flag is a question to ask, not a verdict.");
  }

  /* What to practise, in words, each with its figures; only on enough answers. */
  function advice(key, confusions, jobs, team, flags) {
    const words = [];
    for (const pair of confusions.filter((pair) => !ctxSmall(pair.of) && pair.count >= 3).slice(0, 3))
      words.push(pair.given === null || pair.outcome === "added" ? `${pair.should ?? "Labels"}: ${pair.count} were one too many.` : `Tell ${gta.clip(pair.should, 30)} from ${gta.clip(pair.given, 30)}: ${gta.format(pair.count)} of ${gta.format(pair.of)} were given as ${gta.clip(pair.given, 30)}.`);
    for (const job of jobs) {
      const others = team.get(job.job_name);
      if (!others || ctxSmall(job.golden_count) || job.golden_high === null) continue;
      if (job.golden_high < others.golden) words.push(`Read the instructions of ${gta.clip(job.job_name, 40)} again: ${gta.format(job.golden, "share")} right on ${gta.format(job.golden_count)} golden answers, the team has ${gta.format(others.golden, "share")}.`);
      else if (job.timed >= gta.meta.small_count && job.median > 1.5 * others.median && job.golden_low <= others.golden) words.push(`Take less time in ${gta.clip(job.job_name, 40)}: ${gta.format(job.median, "seconds")} an answer, the team needs ${gta.format(others.median, "seconds")}, and is as often right.`);
    }
    if (flags.some((flag) => flag.flag === "speeder")) words.unshift("Take more time: the fast answers are worse than the others' to the same objects.");
    return words;
  }
  const ctxSmall = (n) => gta.small(n ?? 0);

  function confusionsOf(ctx, key) {
    if (!gta.has("worker_confusions")) return [];
    const rows = own(ctx, "worker_confusions", key);
    const golden = new Set(rows.filter((row) => row.reference === "golden").map((row) => JSON.stringify([row.job_name, row.reference_label])));
    const totals = new Map();
    const pairs = new Map();
    for (const row of rows) {
      // Golden answers come first; other classes of a job are held to the consolidated labels.
      if (row.reference !== "golden" && golden.has(JSON.stringify([row.job_name, row.reference_label]))) continue;
      const should = row.outcome === "added" ? null : row.reference_label;
      totals.set(should, (totals.get(should) ?? 0) + row.label_count);
      if (row.outcome === "right") continue;
      const name = JSON.stringify([should, row.label, row.reference]);
      const pair = pairs.get(name) ?? { should, given: row.label, outcome: row.outcome, reference: row.reference, count: 0 };
      pair.count += row.label_count;
      pairs.set(name, pair);
    }
    return Array.from(pairs.values(), (pair) => {
      const of = totals.get(pair.should);
      const share = pair.count / of;
      return { ...pair, of, share, ...gta.wilson(share, of), name: pair.should === null ? `one too many: ${gta.clip(pair.given, 24)}` : `${gta.clip(pair.should, 24)} → ${gta.clip(pair.given, 24)}` };
    }).sort((a, b) => b.count - a.count || b.share - a.share);
  }

  function work(ctx, rows, team) {
    ctx.section("Work", team.length ? "By day, beside the team in the same jobs." : "By day.");
    const days = gta.group("fct_worker_tasks", rows, ["submitted_date"], { answers: ["count", "task_key"], median: ["p50", "time_spent_seconds"], timed: ["count", "time_spent_seconds"] }).filter((day) => day.submitted_date !== null);
    ctx.chart({ id: "own-days", title: "Answers per day", kind: "line", x: "submitted_date", y: "answers", rows: days, marts: ["fct_worker_tasks"], ytitle: "Answers", columns: [{ key: "submitted_date", title: "Day", format: "date" }, { key: "answers", title: "Answers" }] });
    const theirs = gta.group("fct_worker_tasks", team, ["submitted_date"], { median: ["p50", "time_spent_seconds"], timed: ["count", "time_spent_seconds"] });
    const worked = new Set(days.map((day) => day.submitted_date));
    ctx.chart({
      id: "own-pace", title: "Median time of an answer", kind: "line", x: "submitted_date", y: "median", color: "who", n: "timed", format: "seconds", marts: ["fct_worker_tasks"],
      rows: [...days.map((day) => ({ ...day, who: "own" })), ...theirs.filter((day) => worked.has(day.submitted_date)).map((day) => ({ ...day, who: "the team" }))],
      columns: [{ key: "submitted_date", title: "Day", format: "date" }, { key: "who", title: "Whose" }, { key: "median", title: "Median", format: "seconds", n: "timed" }, { key: "timed", title: "Answers" }],
    });
  }

  function byJob(rows) {
    return gta.group("fct_worker_tasks", rows, ["job_name"], {
      answers: ["count", "task_key"], total: ["sum", "time_spent_seconds"], timed: ["count", "time_spent_seconds"], median: ["p50", "time_spent_seconds"],
      golden: ["mean", "golden_score"], golden_count: ["count", "golden_score"], consolidated: ["mean", "consolidated_score"], consolidated_count: ["count", "consolidated_score"],
    }).map((job) => {
      const golden = gta.wilson(job.golden, job.golden_count);
      const agreement = gta.wilson(job.consolidated, job.consolidated_count);
      return { ...job, golden_low: golden.low, golden_high: golden.high, consolidated_low: agreement.low, consolidated_high: agreement.high };
    });
  }

  function quality(ctx, jobs, team, confusions) {
    ctx.section("Quality", "Against golden answers, and against the label that all answers together gave. The bar is the 95 % interval; grey is too few to judge.");
    const by = jobs.some((job) => job.golden_count) ? "golden" : "consolidated";
    ctx.chart({
      id: "own-accuracy", title: by === "golden" ? "Right on golden answers, by job" : "Agreement with the consolidated label, by job", kind: "interval", category: "job_name", value: by, low: `${by}_low`, high: `${by}_high`, n: `${by}_count`,
      format: "share", domain: [0, 1], rows: jobs.filter((job) => job[`${by}_count`]).sort((a, b) => a[by] - b[by]), marts: ["fct_worker_tasks"],
      columns: [{ key: "job_name", title: "Job" }, { key: by, title: "Right", format: "share", n: `${by}_count`, low: `${by}_low`, high: `${by}_high` }, { key: `${by}_count`, title: "Answers" }],
    });
    ctx.chart({
      id: "own-confusions", title: "What was given instead of what", kind: "bar", category: "name", value: "share", low: "low", high: "high", n: "of", format: "share", limit: 12, rows: confusions, marts: ["worker_confusions"], empty: "No wrong label is known.",
      columns: [
        { key: "should", title: "Should be" }, { key: "given", title: "Was given" }, { key: "share", title: "Share", format: "share", n: "of", low: "low", high: "high" },
        { key: "count", title: "Times" }, { key: "of", title: "Of" }, { key: "reference", title: "By" },
      ],
      why: "By golden answers, or the consolidated label if there is none; the most frequent first.",
    });
    ctx.table({
      id: "own-jobs", title: "Job by job, beside the team", marts: ["fct_worker_tasks"], csv: true, wide: true, sort: "-answers",
      rows: jobs.map((job) => {
        const others = team.get(job.job_name) ?? {};
        return { ...job, team_median: others.median ?? null, team_timed: others.timed ?? null, team_golden: others.golden ?? null, team_golden_count: others.golden_count ?? null };
      }),
      columns: [
        { key: "job_name", title: "Job" }, { key: "answers", title: "Answers" }, { key: "total", title: "Time", format: "hours" },
        { key: "median", title: "Median", format: "seconds", n: "timed" }, { key: "team_median", title: "Team's median", format: "seconds", n: "team_timed" },
        { key: "golden", title: "Golden", format: "share", n: "golden_count", low: "golden_low", high: "golden_high" }, { key: "team_golden", title: "Team's golden", format: "share", n: "team_golden_count" }, { key: "golden_count", title: "n" },
        { key: "consolidated", title: "Agreement", format: "share", n: "consolidated_count", low: "consolidated_low", high: "consolidated_high" },
      ],
    });
  }

  function overTime(ctx, key) {
    const rows = own(ctx, "rpt_worker_control", key);
    const charts = new Map();
    for (const row of rows) {
      const name = JSON.stringify([row.job_name, row.reference]);
      const entry = charts.get(name) ?? { job_name: row.job_name, reference: row.reference, scores: 0, signal: false, center: row.center_share, rows: [] };
      entry.scores += row.score_count;
      if (row.is_signal) entry.signal = true;
      entry.rows.push(row);
      charts.set(name, entry);
    }
    const shown = Array.from(charts.values()).filter((entry) => entry.rows.length > 2).sort((a, b) => b.signal - a.signal || b.scores - a.scores).slice(0, 4);
    if (!shown.length) return;
    ctx.section("Over time", "Scores of each day, with the limits within which they vary by chance around this worker's own mean.");
    const words = new Map([["golden", "golden answers"], ["consolidated", "consolidated labels"], ["peers", "the others' answers"]]);
    shown.forEach((entry, place) =>
      ctx.chart({
        id: `own-control-${place}`, title: `${gta.clip(entry.job_name, 40)}, against ${words.get(entry.reference) ?? entry.reference}`, kind: "line", x: "submitted_date", y: "score_share", band: ["lower_limit", "upper_limit"], n: "score_count", format: "share",
        height: 160, rows: entry.rows.sort((a, b) => (a.submitted_date < b.submitted_date ? -1 : 1)), rules: [{ y: entry.center, text: "mean" }], marts: ["rpt_worker_control"],
        why: entry.signal ? "Fell: a signal." : "No signal.",
        columns: [{ key: "submitted_date", title: "Day", format: "date" }, { key: "score_share", title: "Score", format: "share", n: "score_count" }, { key: "lower_limit", title: "Lower limit", format: "share" }, { key: "upper_limit", title: "Upper limit", format: "share" }, { key: "score_count", title: "Scores" }],
      })
    );
  }

  function choose(ctx) {
    ctx.section("One worker", "What a team lead shows the worker: own work beside the team's, and what to practise. No other worker is named.");
    const workers = gta.group("fct_worker_tasks", ctx.rows("fct_worker_tasks"), ["worker_key"], { answers: ["count", "task_key"] });
    ctx.table({
      id: "choose-worker", title: "Choose a worker", marts: ["fct_worker_tasks"], sort: "-answers", search: true,
      rows: workers.map((row) => ({ ...row, name: gta.workerName(row.worker_key) })),
      columns: [{ key: "name", title: "Worker", link: (row) => `#worker/${encodeURIComponent(row.worker_key)}` }, { key: "answers", title: "Answers" }],
    });
  }

  gta.definePage({
    id: "worker",
    title: "Worker",
    name: (argument) => (argument === null ? "Worker" : gta.workerName(argument)),
    hidden: true,
    parent: "workers",
    marts: ["fct_worker_tasks", "rpt_worker_flags", "rpt_worker_control", "rpt_worker_jobs", "rpt_jobs", "worker_confusions"],
    filters: ["job", "job_kind", "modality", "date"],
    render(root, ctx) {
      const key = ctx.argument === null ? null : gta.workerKey(ctx.argument);
      if (ctx.argument === null) return choose(ctx);
      if (key === null) return ctx.empty("No worker of this key has given an answer in this data.");
      const rows = ownRows(ctx, key);
      root.append(gta.element("h2", { class: "page-title" }, gta.workerName(key)));
      if (!rows.length) return ctx.empty("No answer of this worker for these filters.");
      const jobs = byJob(rows);
      const names = jobs.map((job) => job.job_name);
      const everybody = teamRows(ctx, names);
      const team = new Map(teamByJob(ctx, everybody).map((job) => [job.job_name, job]));
      const flags = own(ctx, "rpt_worker_flags", key);
      const confusions = confusionsOf(ctx, key);
      ctx.section(null, "For the worker to see: no other worker is named. The team is everybody in the same jobs" + (gta.meta.restricted ? ", over all days." : "."));
      cards(ctx, rows, everybody);
      ctx.section("What to practise");
      const words = advice(key, confusions, jobs, team, flags);
      if (words.length) ctx.place(gta.element("ul", { class: "exceptions advice" }, ...words.slice(0, MOST).map((text) => gta.element("li", {}, text))));
      else ctx.note("Nothing stands out: on the answers that could be judged, this worker is like the team or better.");
      ctx.section("Questions");
      flagged(ctx, key, flags);
      work(ctx, rows, everybody);
      quality(ctx, jobs, team, confusions);
      return overTime(ctx, key);
    },
  });
}
