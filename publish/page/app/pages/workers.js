gta.definePage({
  id: "workers",
  title: "Workers",
  marts: ["fct_worker_tasks", "rpt_worker_quality", "rpt_worker_flags", "rpt_worker_pairs", "rpt_worker_control", "rpt_worker_flow"],
  filters: ["job", "job_kind", "modality", "worker", "date"],
  render(root, ctx) {
    const page = (row) => (row.worker_key ? "#worker/" + encodeURIComponent(row.worker_key) : null);
    const flags = ctx.records("rpt_worker_flags");

    ctx.section("Time, speed and quality");
    ctx.visual("time-by-worker", { tall: true });
    ctx.visual("time-by-modality");
    const golden = gta.has("fct_worker_tasks", "golden_score");
    const workers = gta.group("fct_worker_tasks", ctx.rows("fct_worker_tasks"), ["worker_key"], {
      answers: ["count", "task_key"],
      median: ["p50", "time_spent_seconds"],
      total: ["sum", "time_spent_seconds"],
      golden_count: ["count", "golden_score"],
      golden: ["mean", "golden_score"],
      consolidated_count: ["count", "consolidated_score"],
      consolidated: ["mean", "consolidated_score"],
      peer_count: ["count", "peer_score"],
      peer: ["mean", "peer_score"],
    });
    for (const row of workers) {
      row.worker = gta.workerName(row.worker_key);
      for (const name of ["golden", "consolidated", "peer"]) {
        const { low, high } = gta.wilson(row[name], row[`${name}_count`]);
        Object.assign(row, { [`${name}_low`]: low, [`${name}_high`]: high });
      }
    }
    // Golden answers are rare in many projects: then agreement with the label that the service made of all answers.
    const by = golden && workers.some((row) => row.golden_count) ? "golden" : "consolidated";
    ctx.chart({
      id: "speed-quality", title: by === "golden" ? "Golden accuracy against speed" : "Agreement with the consolidated label against speed",
      kind: "scatter", why: "With the 95 % interval. Grey: too few to judge.", rows: workers.filter((row) => row[by] !== null && row.median !== null),
      x: "median", y: by, label: "worker", low: `${by}_low`, high: `${by}_high`, n: `${by}_count`, xformat: "seconds", format: "share",
      xtitle: "Median seconds an answer", ytitle: by === "golden" ? "Golden accuracy" : "Agreement", onClick: (row) => (location.hash = page(row)),
      marts: ["fct_worker_tasks"],
    });
    const quality = ctx.records("rpt_worker_quality");
    // Those that differ from others, then those nearest to it.
    const compared = quality.filter((row) => row.score_difference !== null && !ctx.small(row.scored_count));
    const sure = (row) => (row.tier === "below" || row.tier === "above" ? 1 : 0);
    const first = compared.sort((a, b) => sure(b) - sure(a) || Math.abs(b.score_difference) - Math.abs(a.score_difference)).slice(0, 20);
    if (first.length)
      ctx.chart({
        id: "quality-differences", title: "Better or worse than others on the same objects", kind: "interval", wide: true,
        rows: first.sort((a, b) => a.score_difference - b.score_difference).map((row) => ({ ...row, who: `${row.worker_name} · ${row.task_type}` })),
        category: "who", value: "score_difference", low: "score_difference_low", high: "score_difference_high", n: "scored_count", format: "share",
        xtitle: "Mean score, less what is expected", target: 0, marts: ["rpt_worker_quality"],
        columns: [
          { key: "who", title: "Worker and task type" }, { key: "score_difference", title: "Difference", format: "share" }, { key: "score_difference_low", title: "Low", format: "share" },
          { key: "score_difference_high", title: "High", format: "share" }, { key: "scored_count", title: "n" }, { key: "tier", title: "Against others" },
        ],
        why: `${gta.format(first.length)} of ${gta.format(compared.length)}: those whose difference is no chance, then the largest. Expected: what others score on the objects that the worker answered.`,
        onClick: (row) => (location.hash = page(row)),
      });

    ctx.section("Worker by worker");
    ctx.table({
      id: "workers", title: "Workers, flags and tiers", marts: ["fct_worker_tasks", "rpt_worker_quality", "rpt_worker_flags"],
      columns: [
        { key: "worker", title: "Worker", link: page, nowrap: true },
        { key: "answers", title: "Answers" },
        { key: "total", title: "Time", format: "hours" },
        { key: "median", title: "Median", format: "seconds" },
        { key: "golden", title: "Golden accuracy", format: "share", n: "golden_count", low: "golden_low", high: "golden_high", warn: "< 0.8" },
        { key: "golden_count", title: "n" },
        { key: "consolidated", title: "Agreement", format: "share", n: "consolidated_count", low: "consolidated_low", high: "consolidated_high" },
        { key: "tier", title: "Against others", tag: (row) => ({ below: "bad", above: "good" })[row.tier] },
        { key: "flags", title: "Flags", tag: () => "bad" },
      ],
      rows: workers.map((row) => {
        const tiers = quality.filter((other) => other.worker_key === row.worker_key);
        const worst = ["below", "above", "within", "too few"].find((tier) => tiers.some((other) => other.tier === tier));
        const mine = [...new Set(flags.filter((flag) => flag.worker_key === row.worker_key).map((flag) => flag.flag))];
        return { ...row, tier: worst || null, flags: mine.length ? mine.join(", ") : null };
      }),
      sort: "-total",
    });
    if (flags.length)
      ctx.table({
        id: "worker-flags", title: "Whom to ask about what", marts: ["rpt_worker_flags"], sort: "job_name",
        columns: [
          { key: "worker_name", title: "Worker", link: page, nowrap: true },
          { key: "flag", title: "Flag", tag: () => "bad" },
          { key: "job_name", title: "Job" },
          { key: "explanation", title: "What was seen", clip: 400 },
          { key: "alike_worker_name", title: "Other worker", nowrap: true },
          { key: "observation_count", title: "n" },
        ],
        rows: flags,
      });
    ctx.visual("worker-metrics", { first: { nowrap: true } });

    ctx.section("Worker with worker");
    const wanted = new Set(gta.state.worker.flatMap(gta.workerNames));
    const pairs = ctx.records("rpt_worker_pairs", { ignore: ["worker"] })
      .filter((row) => !wanted.size || wanted.has(row.worker_key) || wanted.has(row.other_worker_key))
      .map((row) => ({ ...row, identical_share: row.drawn_object_count ? row.identical_count / row.drawn_object_count : null }))
      .sort((a, b) => (b.identical_share || 0) * !ctx.small(b.drawn_object_count) - (a.identical_share || 0) * !ctx.small(a.drawn_object_count));
    if (!gta.has("rpt_worker_pairs")) ctx.note(`Pairs of workers: ${gta.meta.left_out.rpt_worker_pairs}.`);
    else {
      ctx.chart({
        id: "pair-agreement", title: "How far two workers agree", kind: "heatmap", format: "share", domain: [0, 1], text: true, wide: true,
        rows: gta.pairMatrix(pairs), row: "worker", column: "other", value: "agreement", n: "objects", ytitle: "Worker", xtitle: "Other worker",
        marts: ["rpt_worker_pairs"], why: "Mean agreement on objects that both answered; grey on fewer than 20.",
      });
      ctx.table({
        id: "pairs", title: "Pairs of workers", marts: ["rpt_worker_pairs"], sort: "-is_too_alike",
        columns: [
          { key: "worker_name", title: "Worker", nowrap: true }, { key: "other_worker_name", title: "Other worker", nowrap: true }, { key: "job_name", title: "Job" },
          { key: "object_count", title: "Objects" },
          { key: "agreement", title: "Agreement", format: "share", n: "object_count", low: "agreement_low", high: "agreement_high" },
          { key: "cohens_kappa", title: "Cohen's kappa", format: "score", n: "class_object_count" },
          { key: "same_wrong_count", title: "Same error" }, { key: "expected_same_wrong_count", title: "by chance" },
          { key: "identical_share", title: "Drawn alike", format: "share", n: "drawn_object_count" },
          { key: "is_too_alike", title: "Too alike", format: "bool", warn: (value) => value === true },
        ],
        rows: pairs,
      });
    }

    ctx.section("Over time", "Shares of a day, with the limits within which they vary by chance.");
    gta.controlCharts(ctx);
    const flow = ctx.records("rpt_worker_flow");
    if (flow.length)
      ctx.table({
        id: "worker-flow", title: "Tasks offered, returned and declined", marts: ["rpt_worker_flow"], sort: "-fallout_share",
        columns: [
          { key: "worker_name", title: "Worker", link: page, nowrap: true }, { key: "job_name", title: "Job" },
          { key: "offered_count", title: "Offered" }, { key: "submitted_count", title: "Submitted" }, { key: "returned_count", title: "Returned" },
          { key: "declined_count", title: "Declined" }, { key: "expired_count", title: "Expired" },
          { key: "fallout_share", title: "Not submitted", format: "share", n: "offered_count", low: "fallout_share_low", high: "fallout_share_high" },
          { key: "median_pickup_seconds", title: "Until the next one", format: "seconds" },
        ],
        rows: flow,
      });
  },
});

/* Pairs over all jobs, both ways round. */
gta.pairMatrix = function (pairs) {
  const sums = new Map();
  for (const { worker_name: a, other_worker_name: b, agreement, object_count: n } of pairs) {
    if (agreement === null) continue;
    const key = JSON.stringify([a, b]);
    const sum = sums.get(key) || { a, b, n: 0, total: 0 };
    sum.n += n;
    sum.total += agreement * n;
    sums.set(key, sum);
  }
  const rows = [];
  for (const { a, b, n, total } of sums.values())
    for (const [worker, other] of [[a, b], [b, a]]) rows.push({ worker, other, agreement: total / n, objects: n });
  return rows.sort((x, y) => (x.worker < y.worker ? -1 : x.worker > y.worker ? 1 : x.other < y.other ? -1 : 1));
};

/* Control charts of the workers with a signal, else of those with the most days; of one worker if `worker` is a key. */
gta.controlCharts = function (ctx, worker = null) {
  const mart = "rpt_worker_control";
  if (!gta.has(mart)) return ctx.note(`Control charts: ${gta.meta.left_out[mart]}.`);
  const series = new Map();
  for (const row of ctx.records(mart)) {
    if (worker !== null && row.worker_key !== worker) continue;
    const key = JSON.stringify([row.job_name, row.worker_key, row.reference]);
    if (!series.has(key)) series.set(key, []);
    series.get(key).push(row);
  }
  const found = Array.from(series.values()).filter((days) => days.length >= 3);
  const signals = found.filter((days) => days.some((row) => row.is_signal));
  const rank = (days) => days.reduce((sum, row) => sum + row.score_count, 0);
  const chosen = (signals.length ? signals : found).sort((a, b) => rank(b) - rank(a)).slice(0, signals.length ? 6 : 3);
  if (!chosen.length) return ctx.empty("No worker has three days of scores in one job, which a control chart needs.");
  ctx.note(signals.length ? `${gta.format(signals.length)} of ${gta.format(found.length)} got worse or better than chance allows.` : `Nobody got worse than chance allows, in ${gta.format(found.length)} series of days. The largest:`);
  chosen.forEach((days, place) => {
    const [{ worker_name: name, job_name: job, reference }] = days;
    ctx.chart({
      id: `control-${place + 1}`, title: `${name} · ${job} · ${reference}`, kind: "line", rows: days, x: "submitted_date", y: "score_share",
      band: ["lower_limit", "upper_limit"], n: "score_count", format: "share", zero: false, marts: [mart], ytitle: "Share right",
      rules: days[0].center_share === null ? [] : [{ y: days[0].center_share, text: "mean" }],
      columns: [
        { key: "submitted_date", title: "Day" }, { key: "score_share", title: "Share right", format: "share" }, { key: "score_count", title: "n" },
        { key: "lower_limit", title: "Lower limit", format: "share" }, { key: "upper_limit", title: "Upper limit", format: "share" },
        { key: "others_score_share", title: "Others", format: "share" }, { key: "cusum", title: "CUSUM", format: "score" }, { key: "is_signal", title: "Signal", format: "bool" },
      ],
    });
  });
};
