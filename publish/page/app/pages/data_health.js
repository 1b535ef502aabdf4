/* Data health: is everything loaded, what was refused, and what is wrong with the labels as a data set. */
{
  const chosen = { control: null };
  const { sum } = gta;
  const largest = (rows, key) => rows.reduce((most, row) => (row[key] !== null && (most === null || row[key] > most) ? row[key] : most), null);

  function cards(ctx, loads, jobs, checks) {
    const refused = sum(loads, "rejected_count");
    const listed = (title, rows, columns, what = "jobs") => (rows.length ? () => gta.drillList(ctx, { title, rows, columns: [{ key: "job_name", title: "Job" }, ...columns], what }) : undefined);
    const unlabeled = jobs.filter((row) => row.failed_count || row.unlabeled_count);
    const looked = checks.filter((row) => row.checked_count > 0);
    const files = { key: "file_count", title: "Files" };
    ctx.card({ id: "health-loaded", title: "Loaded last", value: largest(loads, "last_loaded_at"), format: "time", marts: ["rpt_load_health"], why: `UTC. The newest file is of ${gta.format(largest(loads, "newest_source_at"), "time")}.`, onClick: listed("When each job was loaded", loads, [{ key: "last_loaded_at", title: "Loaded, UTC", format: "time" }, { key: "newest_source_at", title: "Newest file, UTC", format: "time" }, files]) });
    ctx.card({ id: "health-files", title: "Files", value: sum(loads, "file_count"), marts: ["rpt_load_health"], why: `Of ${gta.format(loads.length)} jobs.`, onClick: listed("Files by job", loads, [files]) });
    ctx.card({ id: "health-refused", title: "Files refused", value: refused, marts: ["rpt_load_health"], why: refused ? "Rows of their last sound version are kept." : "Every file could be read.", onClick: listed("Files refused", loads.filter((row) => row.rejected_count), [{ key: "rejected_count", title: "Refused" }, files, { key: "last_error", title: "Newest file and its error", clip: 300 }]) });
    ctx.card({ id: "health-failed", title: "Objects without a label", value: sum(jobs, "failed_count") + sum(jobs, "unlabeled_count"), marts: ["dim_labeling_jobs"], why: `${gta.format(sum(jobs, "failed_count"))} failed, ${gta.format(sum(jobs, "unlabeled_count"))} have no result yet.`, onClick: listed("Objects without a label", unlabeled, [{ key: "failed_count", title: "Failed" }, { key: "unlabeled_count", title: "No result yet" }]) });
    const found = checks.filter((row) => row.found_count > 0);
    ctx.card({ id: "health-found", title: "Checks that found something", value: checks.length ? `${found.length} of ${looked.length}` : null, marts: ["rpt_dataset_health"], why: `In ${gta.format(new Set(found.map((row) => row.job_name)).size)} jobs.`, onClick: listed("Checks that found something", found, [{ key: "check_name", title: "Check" }, { key: "found_count", title: "Found" }, { key: "checked_count", title: "Of" }, { key: "unit", title: "Counts" }, { key: "example_uri", title: "One of them", uri: true, clip: 120 }], "checks") });
  }

  function loading(ctx, loads, jobs) {
    const refused = loads.filter((row) => row.rejected_count > 0 || row.skipped_count > 0);
    ctx.table({
      id: "refused", title: "What was refused, and why", marts: ["rpt_load_health"], csv: true, wide: true, sort: "-rejected_count", empty: "Nothing was refused.",
      rows: refused,
      columns: [
        { key: "job_name", title: "Job" }, { key: "rejected_count", title: "Refused", warn: "> 0" }, { key: "skipped_count", title: "Skipped" }, { key: "file_count", title: "Files" },
        { key: "last_error", title: "Newest file and its error", clip: 300 }, { key: "last_loaded_at", title: "Loaded, UTC", format: "time", nowrap: true },
      ],
      why: "The whole list: python -m ingest status LAKE",
    });
    const states = [["unlabeled_count", "no result yet"], ["failed_count", "failed"]];
    const rows = jobs.flatMap((row) => states.map(([key, state]) => ({ job_name: row.job_name, state, count: row[key] ?? 0 }))).filter((row) => row.count);
    ctx.chart({
      id: "unlabeled", title: "Objects without a label, by job", kind: "stacked_bar", category: "job_name", color: "state", value: "count", rows, limit: 15, marts: ["dim_labeling_jobs"], empty: "Every object has a label.",
      columns: [{ key: "job_name", title: "Job" }, { key: "state", title: "State" }, { key: "count", title: "Objects" }],
    });
    ctx.table({
      id: "load-health", title: "Every job", marts: ["rpt_load_health"], search: true, csv: true, sort: "-file_count", size: 10, wide: false,
      rows: loads.map((row) => ({ ...row, state: row.rejected_count ? "files refused" : row.answerless_object_count ? "answers missing" : row.set_aside_count ? "rows set aside" : "whole" })),
      columns: [
        { key: "job_name", title: "Job" }, { key: "state", title: "State", warn: (value) => value !== "whole" }, { key: "object_count", title: "Objects" }, { key: "answer_count", title: "Answers" },
        { key: "answerless_object_count", title: "Without answers" }, { key: "set_aside_count", title: "Set aside" }, { key: "file_count", title: "Files" },
      ],
    });
  }

  function setAside(ctx, rows) {
    ctx.table({
      id: "set-aside", title: "What was loaded and set aside, and why", marts: ["rpt_set_aside"], search: true, csv: true, wide: true, size: 10, rows,
      columns: [
        { key: "job_name", title: "Job" }, { key: "rule_name", title: "Rule" }, { key: "object_index", title: "Object" }, { key: "item", title: "What", clip: 80 }, { key: "worker_name", title: "Worker" },
        { key: "reason", title: "Why", clip: 300 },
      ],
      why: "Everything else of these jobs counts.",
    });
  }

  function checking(ctx, checks) {
    ctx.section("Can I train on it?", "What is wrong with the labels as a data set. Each check says how much it looked at.");
    const found = checks.filter((row) => row.found_count > 0);
    const jobs = new Set(found.map((row) => row.job_name));
    const rows = checks.filter((row) => jobs.has(row.job_name) && row.checked_count > 0 && found.some((other) => other.check_name === row.check_name));
    ctx.matrix({
      id: "checks", title: "Which job has what", marts: ["rpt_dataset_health"], wide: true, rowtitle: "Job", columntitle: "Check", rows: () => rows,
      row: "job_name", column: "check_name", value: "found_share", low: "found_share_low", high: "found_share_high", n: "checked_count", count: "found_count", good: () => false, compact: true,
      why: "Jobs and checks with a find. An empty cell: there was nothing to check.",
    });
    ctx.table({
      id: "checks-found", title: "What was found", marts: ["rpt_dataset_health"], search: true, csv: true, wide: true, size: 15, sort: "-found_share", empty: "Nothing was found.",
      rows: found,
      columns: [
        { key: "job_name", title: "Job" }, { key: "check_name", title: "Check" }, { key: "found_share", title: "Share", format: "share", n: "checked_count", low: "found_share_low", high: "found_share_high" },
        { key: "found_count", title: "Found" }, { key: "checked_count", title: "Of" }, { key: "unit", title: "Counts" }, { key: "explanation", title: "In words" }, { key: "example_uri", title: "One of them", uri: true, clip: 100 },
      ],
    });
  }

  function control(ctx) {
    const rows = ctx.records("rpt_label_control");
    if (!rows.length) return;
    ctx.section("Is a class answered worse than before?", "The share of answers that disagree with the class, day by day. The band is what days of so few objects are like; a signal needs more than one day outside of it.");
    const charts = new Map();
    for (const row of rows) {
      const key = JSON.stringify([row.job_name, row.label, row.reference]);
      const entry = charts.get(key) ?? { key, job_name: row.job_name, label: row.label, reference: row.reference, object_count: 0, days: 0, cusum: null, signal: false, since: null, share: null, rows: [] };
      entry.object_count += row.object_count;
      entry.days++;
      entry.share = row.center_share;
      if (row.cusum !== null && (entry.cusum === null || row.cusum > entry.cusum)) entry.cusum = row.cusum;
      if (row.is_signal) entry.signal = true;
      entry.rows.push(row);
      charts.set(key, entry);
    }
    const all = Array.from(charts.values()).sort((a, b) => b.signal - a.signal || (b.cusum ?? -1) - (a.cusum ?? -1) || b.object_count - a.object_count);
    for (const entry of all.slice(0, 4))
      ctx.chart({
        id: `control-${all.indexOf(entry)}`, title: `${gta.clip(entry.label, 24)} in ${gta.clip(entry.job_name, 30)}, by ${entry.reference === "golden" ? "golden answers" : "consolidated labels"}`, kind: "line",
        x: "submitted_date", y: "disagreement_share", band: ["lower_limit", "upper_limit"], n: "object_count", format: "share", height: 150, marts: ["rpt_label_control"],
        rows: entry.rows.sort((a, b) => (a.submitted_date < b.submitted_date ? -1 : 1)), rules: [{ y: entry.share, text: "mean" }],
        why: entry.signal ? "Worse than before: a signal." : entry.cusum === null ? "Too few objects for a signal." : "No signal.",
        columns: [
          { key: "submitted_date", title: "Day", format: "date" }, { key: "disagreement_share", title: "Disagree", format: "share", n: "object_count" }, { key: "lower_limit", title: "Lower limit", format: "share" },
          { key: "upper_limit", title: "Upper limit", format: "share" }, { key: "object_count", title: "Objects" }, { key: "cusum", title: "CUSUM" },
        ],
      });
    ctx.table({
      id: "control-all", title: "Every class", marts: ["rpt_label_control"], search: true, csv: true, wide: true, size: 10,
      rows: all.map((entry) => ({ ...entry, verdict: entry.signal ? "worse than before" : entry.cusum === null ? "too few to judge" : "as before" })),
      columns: [
        { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "reference", title: "By" }, { key: "verdict", title: "Verdict", warn: (_, row) => row.signal },
        { key: "share", title: "Disagree", format: "share", n: "object_count" }, { key: "object_count", title: "Objects" }, { key: "days", title: "Days" }, { key: "cusum", title: "Highest CUSUM" },
      ],
    });
  }

  gta.definePage({
    id: "data_health",
    title: "Data health",
    marts: ["rpt_load_health", "rpt_set_aside", "rpt_dataset_health", "rpt_label_control", "dim_labeling_jobs"],
    filters: ["job", "job_kind", "label", "date"],
    render(root, ctx) {
      const loads = ctx.records("rpt_load_health");
      const jobs = ctx.records("dim_labeling_jobs");
      const checks = ctx.records("rpt_dataset_health");
      ctx.section("Is everything loaded?");
      cards(ctx, loads, jobs, checks);
      ctx.section(null);
      loading(ctx, loads, jobs);
      const aside = ctx.records("rpt_set_aside");
      if (aside.length) setAside(ctx, aside);
      if (checks.length) checking(ctx, checks);
      control(ctx);
    },
  });
}
