/* Quality: how far labels can be trusted, and what proves it. */
{
  const STATISTICS = new Map([
    ["krippendorff_alpha", "Krippendorff's alpha"],
    ["krippendorff_alpha_f1", "Krippendorff's alpha (1 − F1)"],
    ["krippendorff_alpha_jaccard", "Krippendorff's alpha (Jaccard)"],
    ["krippendorff_alpha_masi", "Krippendorff's alpha (MASI)"],
    ["mean_score", "Mean score of two answers"],
    ["fleiss_kappa", "Fleiss' kappa"],
    ["gwet_ac1", "Gwet's AC1"],
    ["percent_agreement", "Percent agreement"],
  ]);
  const REFERENCES = new Map([
    ["golden", "the golden answers"],
    ["consolidated", "the consolidated labels"],
    ["peers", "the other workers' answers"],
    ["audit", "the labels after an adjustment"],
  ]);
  const CHANGES = [
    ["relabeled_count", "other class"],
    ["resized_count", "resized"],
    ["moved_count", "moved"],
    ["removed_count", "removed"],
    ["added_count", "added"],
    ["attribute_changed_count", "other attributes"],
  ];
  const ALL = "(all)";
  /* What the reader chose to see in the matrix; kept while filters change. */
  const chosen = { confusion: null, bands: null };

  const { sum } = gta;
  const by = (...keys) => (a, b) => {
    for (const key of keys) {
      const [x, y] = [key(a), key(b)];
      if (x !== y) return x === null ? 1 : y === null ? -1 : x < y ? -1 : 1;
    }
    return 0;
  };

  function cards(ctx) {
    ctx.section("How good are the labels?");
    const jobs = ctx.records("rpt_jobs");
    const agreement = main(ctx);
    const alphas = agreement.filter((row) => row.statistic !== "mean_score" && row.estimate !== null);
    const listed = (title, rows, columns, what = "jobs") => (rows.length ? () => gta.drillList(ctx, { title, rows, columns: [{ key: "job_name", title: "Job" }, ...columns], what }) : undefined);
    const goldenRows = gta.where("fct_worker_tasks", ctx.rows("fct_worker_tasks"), { golden_score: "known" });
    const [golden] = gta.group("fct_worker_tasks", goldenRows, [], {
      n: ["count", "golden_score"], mean: ["mean", "golden_score"],
    });
    ctx.card({
      id: "quality-golden", title: "Accuracy against golden answers", value: golden && golden.n ? golden.mean : null, format: "share", n: golden ? golden.n : 0,
      ...gta.wilson(golden && golden.n ? golden.mean : null, golden ? golden.n : 0), marts: ["fct_worker_tasks"],
      why: "Mean score of the answers to objects whose right label is known.", onClick: goldenRows.length ? () => gta.drill({ title: "Answers to golden objects", mart: "fct_worker_tasks", rows: goldenRows }) : undefined,
    });
    const [accepted, audited] = [sum(jobs, "accepted_count"), sum(jobs, "audited_count")];
    const yielded = audited ? accepted / audited : null;
    ctx.card({
      id: "quality-yield", title: "Accepted at first review", value: yielded, format: "share", n: audited, ...gta.wilson(yielded, audited), marts: ["rpt_jobs"],
      why: "Reviewed objects whose labels a reviewer left as they were.",
      onClick: audited ? () => gta.drillReviews(ctx, "Accepted at first review, or not", jobs.map((row) => row.job_name)) : undefined,
    });
    ctx.card({
      id: "quality-agreement", title: "Jobs whose workers agree", value: alphas.length ? `${alphas.filter((row) => row.estimate >= 0.8).length} of ${alphas.length}` : null,
      marts: ["rpt_agreement"], why: "Krippendorff's alpha of .8 or more: agreement beyond chance that one may rely on. From .667 on, conclusions are tentative.",
      onClick: listed("Jobs and how far their workers agree", alphas, [{ key: "estimate", title: "Alpha", format: "score", n: "object_count", low: "estimate_low", high: "estimate_high" }, { key: "object_count", title: "Objects compared" }]),
    });
    const certificates = ctx.records("rpt_label_certificates").filter((row) => row.label === null);
    const proved = new Set(certificates.filter((row) => row.is_certified).map((row) => row.job_name));
    const target = certificates.length ? certificates[0].target_share : null;
    const certified = [...new Set(certificates.map((row) => row.job_name))].map((job) => {
      // An object may be checked in more than one way: the way that checked most.
      const [most] = certificates.filter((row) => row.job_name === job).sort((a, b) => b.is_certified - a.is_certified || b.sample_count - a.sample_count);
      return { ...most, verdict: proved.has(job) ? "proved" : "not proved" };
    });
    ctx.card({
      id: "quality-certificates", title: `Jobs proved to have at most ${target === null ? "–" : gta.format(target, "share")} wrong labels`,
      value: certificates.length ? `${proved.size} of ${certified.length}` : null, marts: ["rpt_label_certificates"],
      why: "By a random sample of checked labels, with a certainty of 95 %.",
      onClick: listed("Jobs and what is proved of them", certified, [{ key: "verdict", title: "Proved?" }, { key: "sample_count", title: "Checked" }, { key: "error_count", title: "Wrong" }]),
    });
    const totals = gta.about(ctx, "rpt_review_bands", { is_total: true });
    const [right, items] = [sum(totals, "correct_count"), sum(totals, "item_count")];
    ctx.card({
      id: "quality-model", title: "Reviewed model labels that are right", value: items ? right / items : null, format: "share", n: items,
      ...gta.wilson(items ? right / items : null, items), marts: ["rpt_review_bands"], why: "Labels of a model that every reviewer confirmed.",
      onClick: listed("Reviewed labels of models", totals.filter((row) => row.item_count), [{ key: "band_low", title: "Confidence from, %" }, { key: "correct_count", title: "Right" }, { key: "item_count", title: "Reviewed" }], "bands of confidence"),
    });
  }

  /* The one statistic of each job that is beyond chance, or the mean score if there is none. */
  function main(ctx) {
    const best = new Map();
    const ranks = Array.from(STATISTICS.keys()).slice(0, 5);
    for (const row of ctx.records("rpt_agreement", { where: { label: null, statistic: ranks } })) {
      const rank = ranks.indexOf(row.statistic);
      const before = best.get(row.job_name);
      if (!before || rank < before.rank) best.set(row.job_name, { ...row, rank });
    }
    return Array.from(best.values()).sort(by((row) => row.estimate, (row) => row.job_name));
  }

  function agreement(ctx) {
    ctx.section("Do workers agree?", "Agreement beyond what chance would give: 1 is full agreement, 0 is chance. From .8 on it can be relied on, from .667 on with care. The bar is the 95 % interval.");
    const rows = main(ctx).map((row) => ({ ...row, name: STATISTICS.get(row.statistic) }));
    const columns = [
      { key: "job_name", title: "Job" }, { key: "name", title: "Statistic" },
      { key: "estimate", title: "Agreement", format: "score", n: "object_count", low: "estimate_low", high: "estimate_high" },
      { key: "object_count", title: "Objects" }, { key: "answer_count", title: "Answers" }, { key: "worker_count", title: "Workers" },
    ];
    const beyond = rows.filter((row) => row.statistic !== "mean_score");
    ctx.chart({
      id: "agreement", title: "Agreement beyond chance, by job", kind: "interval", rows: beyond, category: "job_name", value: "estimate", low: "estimate_low", high: "estimate_high",
      n: "object_count", format: "score", target: 0.667, targets: [0.667, 0.8], columns, marts: ["rpt_agreement"],
      why: "Krippendorff's alpha, with the distance that fits the labels: equal classes, Jaccard for sets of classes, 1 − F1 for shapes.",
    });
    const scores = rows.filter((row) => row.statistic === "mean_score");
    const drawScores = () =>
      ctx.chart({
        id: "agreement-scores", title: "How much two answers have in common", kind: "interval", rows: scores, category: "job_name", value: "estimate", low: "estimate_low", high: "estimate_high",
        n: "object_count", format: "score", domain: [0, 1], columns, marts: ["rpt_agreement"],
        why: "Mean overlap or F1 of two answers to an object, for polygons, polylines and masks. Chance is not taken off.",
      });
    const classes = ctx.records("rpt_agreement").filter((row) => row.label !== null && row.statistic === "krippendorff_alpha" && row.estimate !== null);
    ctx.chart({
      id: "agreement-classes", title: "Agreement on a class, the worst first", kind: "interval", limit: 15,
      rows: classes.sort(by((row) => row.estimate)).map((row) => ({ ...row, name: `${gta.clip(row.label, 24)} · ${gta.clip(row.job_name, 24)}` })),
      category: "name", value: "estimate", low: "estimate_low", high: "estimate_high", n: "object_count", format: "score", marts: ["rpt_agreement"],
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" },
        { key: "estimate", title: "Alpha", format: "score", n: "object_count", low: "estimate_low", high: "estimate_high" },
        { key: "object_count", title: "Objects" }, { key: "label_answer_count", title: "Answers of the class" },
      ],
      why: "Krippendorff's alpha of the class against all others.",
    });
    if (scores.length) drawScores();
    ctx.table({
      id: "agreement-all", title: "Every statistic", marts: ["rpt_agreement"], search: true, csv: true, sort: "job_name", wide: !scores.length, size: 8,
      rows: ctx.records("rpt_agreement").map((row) => ({ ...row, name: STATISTICS.get(row.statistic) ?? row.statistic, label: row.label ?? ALL })),
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "shape", title: "Labels are" }, { key: "name", title: "Statistic" },
        { key: "estimate", title: "Agreement", format: "score", n: "object_count", low: "estimate_low", high: "estimate_high" },
        { key: "object_count", title: "Objects" }, { key: "answer_count", title: "Answers" },
      ],
    });
  }

  function confusion(ctx) {
    ctx.section("Which classes are confused?", "Of the labels that should be the class of a row, the share that was given the class of the column. “(none)” is a label that was missed, or one too many.");
    const rows = ctx.records("rpt_label_confusion");
    const places = gta.group("rpt_label_confusion", ctx.rows("rpt_label_confusion"), ["job_name", "reference"], { n: ["sum", "answer_count"] });
    const wrong = rows.filter((row) => row.reference_label !== row.given_label);
    ctx.chart({
      id: "confusion-pairs", title: "Most frequent confusions", kind: "bar", limit: 15, format: "share", marts: ["rpt_label_confusion"],
      rows: wrong.filter((row) => row.reference_label !== "(none)" && row.reference !== "peers").sort((a, b) => b.answer_count - a.answer_count || by((row) => row.job_name)(a, b))
        .map((row) => ({ ...row, name: `${gta.clip(row.reference_label, 18)} → ${gta.clip(row.given_label, 18)} · ${gta.clip(row.job_name, 22)}`, against: REFERENCES.get(row.reference) })),
      category: "name", value: "reference_share", low: "reference_share_low", high: "reference_share_high", n: "reference_count",
      columns: [
        { key: "job_name", title: "Job" }, { key: "reference_label", title: "Should be" }, { key: "given_label", title: "Was given" }, { key: "against", title: "By" },
        { key: "reference_share", title: "Share", format: "share", n: "reference_count", low: "reference_share_low", high: "reference_share_high" },
        { key: "answer_count", title: "Times" }, { key: "reference_count", title: "Of" },
      ],
      why: "By the golden answers, the consolidated labels and adjustments; those with most wrong labels first.",
    });
    const options = places.map((place) => ({ key: JSON.stringify([place.job_name, place.reference]), ...place, wrong: sum(wrong.filter((row) => row.job_name === place.job_name && row.reference === place.reference), "answer_count") }));
    options.sort((a, b) => (a.reference === "peers") - (b.reference === "peers") || b.wrong - a.wrong || b.n - a.n);
    if (!options.length) return;
    if (!options.some((option) => option.key === chosen.confusion)) chosen.confusion = options[0].key;
    ctx.matrix({
      id: "confusion", title: "Confusion matrix", marts: ["rpt_label_confusion"], rowtitle: "Should be", columntitle: "Was given",
      choices: options.map((option) => ({ key: option.key, text: `${gta.clip(option.job_name, 40)}, against ${REFERENCES.get(option.reference) ?? option.reference} (${gta.format(option.wrong)} of ${gta.format(option.n)} wrong)` })),
      choice: chosen.confusion, choose: (key) => (chosen.confusion = key),
      rows: (key) => {
        const [job, reference] = JSON.parse(key);
        return rows.filter((row) => row.job_name === job && row.reference === reference);
      },
      row: "reference_label", column: "given_label", value: "reference_share", low: "reference_share_low", high: "reference_share_high", n: "reference_count", count: "answer_count",
      good: (row) => row.reference_label === row.given_label, square: true,
    });
  }

  function model(ctx) {
    const bins = gta.about(ctx, "rpt_calibration");
    const bands = gta.about(ctx, "rpt_review_bands");
    if (!bins.length && !bands.length) return;
    ctx.section("Can a confidence be trusted?", "A confidence of 90 % should be right nine times out of ten: on the dashed line. Above it is too modest, below it too sure.");
    const named = bins.map((row) => ({ ...row, name: `${gta.clip(row.job_name, 30)}: ${row.source}`, bin: `${gta.format(row.bin_low, "progress")} to ${gta.format(row.bin_high, "progress")}` }));
    ctx.chart({
      id: "calibration", title: "Confidence and the share that is right", kind: "scatter", rows: named.sort(by((row) => row.name, (row) => row.bin_low)), x: "mean_confidence", y: "accuracy",
      low: "accuracy_low", high: "accuracy_high", n: "object_count", color: "name", label: "bin", labels: false, diagonal: true, format: "share", xformat: "share", domain: [0, 1], xdomain: [0, 1],
      xtitle: "Mean confidence", ytitle: "Right", height: 340, marts: ["rpt_calibration"],
      columns: [
        { key: "name", title: "Job and source" }, { key: "bin", title: "Confidence" }, { key: "mean_confidence", title: "Mean confidence", format: "share" },
        { key: "accuracy", title: "Right", format: "share", n: "object_count", low: "accuracy_low", high: "accuracy_high" }, { key: "object_count", title: "Labels" },
      ],
      why: "Bins of equal width; the bar is the 95 % interval; grey is on too few labels to judge.",
    });
    const models = new Map();
    for (const row of named) {
      const entry = models.get(row.name) ?? { ...row, labels: 0, confidence: 0, right: 0 };
      entry.labels += row.object_count;
      entry.confidence += row.mean_confidence * row.object_count;
      entry.right += row.accuracy * row.object_count;
      models.set(row.name, entry);
    }
    ctx.table({
      id: "calibration-errors", title: "How far off confidences are", marts: ["rpt_calibration"], csv: true, sort: "-labels", wide: false,
      rows: Array.from(models.values(), (row) => {
        const off = (row.confidence - row.right) / row.labels;
        return { ...row, verdict: ctx.small(row.labels) ? "too few to judge" : Math.abs(off) < 0.05 ? "about right" : off > 0 ? "too sure" : "too modest" };
      }),
      columns: [
        { key: "job_name", title: "Job" }, { key: "source", title: "Labels of" }, { key: "verdict", title: "On the whole" },
        { key: "expected_calibration_error", title: "Mean distance", format: "share", n: "labels" }, { key: "maximum_calibration_error", title: "Largest", format: "share", n: "labels" },
        { key: "brier_score", title: "Brier score", format: "score", n: "labels" }, { key: "labels", title: "Labels" },
      ],
      why: "Distance between confidence and the share that is right, over the bins (expected calibration error).",
    });
    const places = [...new Set(bands.map((row) => row.job_name))].map((job) => ({ key: JSON.stringify(job), job, n: sum(bands.filter((row) => row.job_name === job && row.is_total), "item_count") }));
    if (!places.length) return;
    places.sort((a, b) => b.n - a.n);
    if (!places.some((place) => place.key === chosen.bands)) chosen.bands = places[0].key;
    const limits = gta.about(ctx, "rpt_label_thresholds");
    const threshold = (job, label, total) => limits.find((row) => row.job_name === job && row.is_total === total && row.label === label);
    const words = (row) => (!row ? "" : row.threshold === null ? " · never without review" : ` · trust from ${gta.format(row.threshold)} %`);
    ctx.matrix({
      id: "bands", title: "How often the model is right, by class and confidence", marts: ["rpt_review_bands"], rowtitle: "Class", columntitle: "Confidence",
      choices: places.map((place) => ({ key: place.key, text: `${gta.clip(place.job, 40)} (${gta.format(place.n)} reviewed)` })),
      choice: chosen.bands, choose: (key) => (chosen.bands = key),
      rows: (key) => {
        const job = JSON.parse(key);
        return bands.filter((row) => row.job_name === job && row.item_count > 0).sort(by((row) => row.is_total, (row) => row.label, (row) => row.band_low)).map((row) => ({
          ...row, band: `${gta.format(row.band_low)}–${gta.format(row.band_high)} %`, name: (row.is_total ? "All labels" : gta.clip(row.label, 30)) + words(threshold(job, row.label, row.is_total)),
        }));
      },
      row: "name", column: "band", columnorder: "band_low", value: "correct_share", low: "correct_share_low", high: "correct_share_high", n: "item_count", count: "correct_count", good: () => true,
      why: "Labels of the model that every reviewer confirmed. A class may be trusted from the lowest band on from which wrong labels are rare enough.",
    });
    ctx.table({
      id: "thresholds", title: "From which confidence a label needs no review", marts: ["rpt_label_thresholds"], csv: true, wide: false,
      rows: limits.sort(by((row) => row.job_name, (row) => !row.is_total, (row) => row.label)).map((row) => ({
        ...row, name: row.is_total ? "All labels" : row.label, from: row.threshold === null ? "no confidence is enough" : `${gta.format(row.threshold)} %`,
      })),
      columns: [
        { key: "job_name", title: "Review" }, { key: "name", title: "Class" }, { key: "from", title: "Trust from" },
        { key: "correct_share", title: "Right from there on", format: "share", n: "item_count", low: "correct_share_low", high: "correct_share_high" }, { key: "item_count", title: "Labels reviewed there" },
      ],
    });
  }

  function reviews(ctx) {
    ctx.section("What reviews changed", "What audits said of labels, and what adjustments made of them. Reviews are shown for the jobs that they reviewed.");
    const outcomes = gta.about(ctx, "rpt_audit_results");
    ctx.chart({
      id: "outcomes", title: "Outcomes of audits", kind: "stacked_bar", category: "label", color: "outcome", value: "count", marts: ["rpt_audit_results"],
      rows: folded(outcomes.filter((row) => row.annotation_count !== null), "annotation_count"),
      columns: [{ key: "label", title: "Class" }, { key: "outcome", title: "Outcome" }, { key: "count", title: "Labels" }],
    });
    const adjusted = gta.about(ctx, "rpt_adjustments");
    const changes = new Map();
    for (const row of adjusted)
      for (const [key, change] of CHANGES)
        if (row[key]) {
          const name = JSON.stringify([row.label, change]);
          const entry = changes.get(name) ?? { label: row.label, change, count: 0 };
          entry.count += row[key];
          changes.set(name, entry);
        }
    ctx.chart({
      id: "changes", title: "What adjustments changed", kind: "stacked_bar", category: "label", color: "change", value: "count", rows: Array.from(changes.values()), marts: ["rpt_adjustments"],
      columns: [{ key: "label", title: "Class" }, { key: "change", title: "Change" }, { key: "count", title: "Labels" }],
    });
    const jobs = new Map();
    for (const row of adjusted) {
      const key = JSON.stringify([row.adjusted_job_name, row.label]);
      const entry = jobs.get(key) ?? { job_name: row.adjusted_job_name, label: row.label, annotation_count: 0, adjusted_count: 0, added_count: 0, overlap_count: 0, overlap: 0 };
      for (const name of ["annotation_count", "adjusted_count", "added_count", "overlap_count"]) entry[name] += row[name] ?? 0;
      entry.overlap += (row.mean_iou ?? 0) * (row.overlap_count ?? 0);
      jobs.set(key, entry);
    }
    ctx.table({
      id: "adjusted-classes", title: "Changed labels by job and class", marts: ["rpt_adjustments"], csv: true, sort: "-share", wide: true,
      rows: Array.from(jobs.values(), (row) => {
        const share = row.annotation_count ? row.adjusted_count / row.annotation_count : null;
        return { ...row, share, ...gta.wilson(share, row.annotation_count), iou: row.overlap_count ? row.overlap / row.overlap_count : null };
      }),
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "share", title: "Changed", format: "share", n: "annotation_count", low: "low", high: "high" },
        { key: "adjusted_count", title: "Changed labels" }, { key: "annotation_count", title: "Of" }, { key: "added_count", title: "Added" }, { key: "iou", title: "Overlap before and after", format: "score", n: "overlap_count" },
      ],
    });
    for (const id of ["audit-results", "adjustments"]) ctx.visual(id, { wide: true, ignore: gta.ignoredByReviews() });
    ctx.table({
      id: "audit-results-all", title: "Every outcome", marts: ["rpt_audit_results"], csv: true, search: true, wide: true, size: 10, sort: "job_name",
      rows: outcomes.map((row) => ({ ...row, audited: row.audited_job_name ?? row.job_name, unit: row.annotation_count === null ? "objects" : "labels", count: row.annotation_count ?? row.object_count, of: row.annotation_count === null ? row.judged_object_count : row.judged_annotation_count, share: row.annotation_share ?? row.object_share, low: row.annotation_share_low ?? row.object_share_low, high: row.annotation_share_high ?? row.object_share_high })),
      columns: [
        { key: "audited", title: "Job" }, { key: "job_name", title: "Reviewed in" }, { key: "label", title: "Class" }, { key: "outcome", title: "Outcome" },
        { key: "share", title: "Share", format: "share", n: "of", low: "low", high: "high" }, { key: "count", title: "Count" }, { key: "of", title: "Of" }, { key: "unit", title: "Counts" },
      ],
    });
  }

  function folded(rows, key) {
    const found = new Map();
    for (const row of rows) {
      const name = JSON.stringify([row.label, row.outcome]);
      const entry = found.get(name) ?? { label: row.label, outcome: row.outcome, count: 0 };
      entry.count += row[key];
      found.set(name, entry);
    }
    return Array.from(found.values());
  }

  function certificates(ctx) {
    const rows = ctx.records("rpt_label_certificates");
    if (!rows.length) return;
    const target = rows[0].target_share;
    ctx.section("What is proved", `At most how many labels are wrong, with a certainty of 95 %, and how many more must be checked to prove ${gta.format(target, "share")}. It holds if the checked labels were drawn at random.`);
    const words = new Map([["golden", "golden answers"], ["audit", "audits"], ["review", "reviews"]]);
    const checked = rows.filter((row) => row.label === null && row.sample_count > 0).map((row) => ({ ...row, zero: 0, name: `${gta.clip(row.job_name, 28)}, by ${words.get(row.basis) ?? row.basis}` }));
    ctx.chart({
      id: "certificates", title: "Wrong labels: the share found, and what it can be at most", kind: "interval", category: "name", value: "error_share", low: "error_share", high: "error_share_upper",
      n: "sample_count", format: "share", target, rows: checked.sort(by((row) => row.error_share_upper)), marts: ["rpt_label_certificates"],
      columns: [
        { key: "job_name", title: "Job" }, { key: "basis", title: "Checked by" }, { key: "error_share", title: "Wrong", format: "share", n: "sample_count" },
        { key: "error_share_upper", title: "At most", format: "share" }, { key: "sample_count", title: "Checked" },
      ],
      why: `The dot is what was found, the end of the bar what it can be at most. Proved if the bar ends left of the dashed line (${gta.format(target, "share")}).`,
    });
    ctx.table({
      id: "certificates-all", title: "How many more to check", marts: ["rpt_label_certificates"], csv: true, search: true, wide: false, size: 8, sort: "missing",
      rows: rows.map((row) => ({
        ...row, label: row.label ?? ALL, by: words.get(row.basis) ?? row.basis, missing: row.audits_needed,
        verdict: row.is_certified ? "proved" : row.audits_needed === null ? "too many are wrong: correct them first" : `${gta.format(row.audits_needed)} more to check`,
      })),
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "by", title: "Checked by" }, { key: "verdict", title: "Proved?" },
        { key: "error_count", title: "Wrong" }, { key: "error_share_upper", title: "At most", format: "share", n: "sample_count" },
        { key: "sample_count", title: "Checked" }, { key: "object_count", title: "Of" },
      ],
    });
    for (const text of new Set(rows.map((row) => row.assumption))) if (text) ctx.note(`Assumed: ${text}`);
  }

  function workers(ctx) {
    const rows = ctx.records("rpt_redundancy");
    if (!rows.length) return;
    ctx.section("How many workers an object needs", "How often fewer workers would have given the same label. A class needs as many as were asked if no smaller number is enough.");
    ctx.chart({
      id: "redundancy", title: "The same label with fewer workers", kind: "line", x: "workers_per_object", y: "stable_share", color: "job_name", n: "object_count", format: "share", zero: false,
      rows: rows.filter((row) => row.label === null).sort(by((row) => row.job_name, (row) => row.workers_per_object)), rules: [{ y: 0.95, text: "enough" }], xtitle: "Workers per object", ytitle: "Same label", marts: ["rpt_redundancy"],
      columns: [
        { key: "job_name", title: "Job" }, { key: "workers_per_object", title: "Workers" }, { key: "stable_share", title: "Same label", format: "share", n: "object_count", low: "stable_share_low", high: "stable_share_high" },
        { key: "object_count", title: "Objects" },
      ],
    });
    const classes = new Map();
    for (const row of rows) {
      const key = JSON.stringify([row.job_name, row.label]);
      const entry = classes.get(key) ?? { job_name: row.job_name, label: row.label ?? ALL, asked: 0, needed: null, object_count: 0, judged: false, one: null, low: null, high: null };
      entry.asked = Math.max(entry.asked, row.workers_per_object);
      entry.object_count = Math.max(entry.object_count, row.object_count);
      if (row.is_enough !== null) entry.judged = true;
      if (row.is_enough && (entry.needed === null || row.workers_per_object < entry.needed)) entry.needed = row.workers_per_object;
      if (row.workers_per_object === 1) Object.assign(entry, { one: row.stable_share, low: row.stable_share_low, high: row.stable_share_high });
      classes.set(key, entry);
    }
    ctx.table({
      id: "workers-needed", title: "Workers needed, by class", marts: ["rpt_redundancy"], csv: true, search: true, size: 8, wide: false, sort: "one",
      rows: Array.from(classes.values(), (row) => ({ ...row, verdict: !row.judged ? "too few objects to say" : row.needed === null ? `all ${row.asked}` : row.needed < row.asked ? `${row.needed} would do` : `${row.needed}` })),
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "asked", title: "Asked" }, { key: "verdict", title: "Needed" },
        { key: "one", title: "Same with one worker", format: "share", n: "object_count", low: "low", high: "high" }, { key: "object_count", title: "Objects" },
      ],
    });
  }

  function reviewers(ctx) {
    const rows = gta.about(ctx, "rpt_reviewers");
    if (!rows.length) return;
    ctx.section("Who reviews", "How much each reviewer overturned, beside what the others overturned of the same work.");
    const named = rows.map((row) => ({
      ...row, name: `${gta.workerName(row.worker_key)} · ${gta.clip(row.job_name, 28)}`,
      verdict: row.is_rubber_stamp ? "lets too much pass" : row.is_rubber_stamp === null ? "too few to judge" : "like the others",
    }));
    ctx.chart({
      id: "reviewers", title: "Share overturned", kind: "interval", category: "name", value: "overturned_share", low: "overturned_share_low", high: "overturned_share_high", n: "reviewed_count",
      rows: named.slice().sort((a, b) => b.reviewed_count - a.reviewed_count), limit: 20, format: "share", domain: [0, 1], marts: ["rpt_reviewers"],
      columns: [
        { key: "worker_name", title: "Reviewer" }, { key: "job_name", title: "Review" },
        { key: "overturned_share", title: "Overturned", format: "share", n: "reviewed_count", low: "overturned_share_low", high: "overturned_share_high" }, { key: "reviewed_count", title: "Reviewed" },
      ],
    });
    ctx.table({
      id: "reviewers-all", title: "Reviewers beside each other", marts: ["rpt_reviewers"], csv: true, sort: "-reviewed_count", size: 10, wide: false,
      rows: named,
      columns: [
        { key: "worker_name", title: "Reviewer", link: (row) => `#worker/${row.worker_key}` }, { key: "job_name", title: "Review" }, { key: "verdict", title: "Beside the others", warn: (_, row) => row.is_rubber_stamp === true },
        { key: "overturned_share", title: "Overturned", format: "share", n: "reviewed_count", low: "overturned_share_low", high: "overturned_share_high" },
        { key: "expected_overturned_share", title: "Others, same work", format: "share", n: "comparable_count" }, { key: "reviewed_count", title: "Reviewed" }, { key: "median_time_seconds", title: "Median time", format: "seconds", n: "timed_answer_count" },
      ],
    });
  }

  gta.definePage({
    id: "quality",
    title: "Quality",
    marts: [
      "rpt_agreement", "rpt_label_confusion", "rpt_calibration", "rpt_review_bands", "rpt_label_thresholds", "rpt_adjustments", "rpt_audit_results",
      "rpt_label_certificates", "rpt_redundancy", "rpt_reviewers", "rpt_jobs", "fct_worker_tasks",
    ],
    filters: ["job", "job_kind", "label", "worker"],
    render(root, ctx) {
      cards(ctx);
      agreement(ctx);
      confusion(ctx);
      model(ctx);
      reviews(ctx);
      certificates(ctx);
      workers(ctx);
      reviewers(ctx);
    },
  });
}
