gta.definePage({
  id: "annotations",
  title: "Annotations",
  marts: ["rpt_attribute_values", "rpt_labels", "fct_frames", "rpt_audit_results", "rpt_class_balance"],
  filters: ["job", "job_kind", "label", "date"],
  render(root, ctx) {
    const mart = "rpt_attribute_values";
    const attributes = gta.attributes();
    const present = (id) => {
      const visual = gta.visual(id);
      const name = visual && visual.where.attribute_name;
      return visual && (!name || attributes.some((attribute) => attribute.name === name));
    };
    const labels = gta.group("rpt_labels", ctx.rows("rpt_labels"), [], { made: ["sum", "made_count"], classes: ["distinct", "label"], jobs: ["distinct", "job_name"] })[0] || {};
    const frames = gta.group("fct_frames", ctx.rows("fct_frames"), [], { frames: ["count", "frame_key"], labels: ["sum", "annotation_count"] })[0] || {};

    const ofLabeled = labels.made && (() => gta.drillJobs(ctx, "Objects of the jobs that made labels", gta.group("rpt_labels", ctx.rows("rpt_labels"), ["job_name"], {}).map((row) => row.job_name)));
    const ofFrames = frames.frames && (() => gta.drill({ title: "Frames", mart: "fct_frames", rows: ctx.rows("fct_frames") }));

    ctx.section("");
    ctx.card({ id: "labels-made", title: "Labels made", value: labels.made ?? null, format: "number", marts: ["rpt_labels"], why: "Each once, whoever reviewed it later.", onClick: ofLabeled });
    ctx.card({ id: "classes", title: "Classes in use", value: labels.classes ?? null, format: "number", marts: ["rpt_labels"], why: `In ${gta.format(labels.jobs)} ${labels.jobs === 1 ? "job" : "jobs"}.`, onClick: ofLabeled });
    ctx.card({ id: "frames", title: "Frames", value: frames.frames ?? null, format: "number", marts: ["fct_frames"], why: "Of sequences of images and of point clouds.", onClick: ofFrames });
    ctx.card({ id: "labels-of-frames", title: "Labels in a frame", value: frames.frames ? frames.labels / frames.frames : null, format: "decimal", n: frames.frames || null, marts: ["fct_frames"], why: "On average.", onClick: ofFrames });

    ctx.section("Classes and days");
    const ofLabel = (row) => gta.drillLabel(ctx, row.label);
    ctx.visual("class-balance", { tall: true, limit: 28, onClick: ofLabel, valuetitle: "Labels" });
    ctx.visual("labels-per-day", { ytitle: "Labels" });
    if (gta.has("rpt_class_balance"))
      ctx.table({
        id: "classes-by-job", title: "Classes of each job", marts: ["rpt_class_balance"], sort: "annotation_share", wide: false, size: 10, onRow: ofLabel,
        columns: [
          { key: "job_name", title: "Job" }, { key: "label", title: "Class" }, { key: "annotation_count", title: "Labels" }, { key: "annotation_share", title: "Share", format: "share" },
          { key: "object_count", title: "Objects" }, { key: "expected_minimum", title: "Minimum wanted", why: "Of the var minimum_class_count" },
        ],
        rows: ctx.records("rpt_class_balance"),
      });

    const frameDrill = (column) => (row) => gta.drill({ title: `Frames: ${gta.clip(row.attribute_value, 60)}`, mart: "fct_frames", rows: gta.where("fct_frames", ctx.rows("fct_frames"), { [column]: [row.attribute_value], ...(row.job_name ? { job_name: row.job_name } : {}) }) });
    const byFrame = ["frame-quality", "frame-quality-per-job"].filter(present);
    const hasFrames = gta.has("fct_frames") && gta.tables.fct_frames.length;
    if (byFrame.length || hasFrames) {
      ctx.section("By frame");
      for (const id of byFrame) ctx.visual(id, id === "frame-quality" && gta.has("fct_frames", "frame_quality") ? { onClick: frameDrill("frame_quality") } : {});
      ctx.visual("labels-per-frame", {
        wide: true, xtitle: "Labels in a frame", ytitle: "Frames", valuetitle: "Frames", categorytitle: "Labels in a frame",
        onClick: (row) => gta.drill({ title: `Frames with ${row.annotation_count} labels`, mart: "fct_frames", rows: ctx.rows("fct_frames").filter((number) => gta.get("fct_frames", "annotation_count", number) >= row.from && gta.get("fct_frames", "annotation_count", number) < row.from + row.width) }),
      });
    }

    const byAttribute = ["vehicles", "moving", "vehicles-per-job"].filter(present);
    if (byAttribute.length) {
      ctx.section("By attribute");
      for (const id of byAttribute) ctx.visual(id, { wide: id === "vehicles-per-job" });
    }

    ctx.section("Any attribute");
    if (!gta.has(mart)) ctx.note(`Attributes: ${gta.meta.left_out[mart]}.`);
    else if (!attributes.length) ctx.empty("No label, frame, object or answer has an attribute.");
    else gta.drawAttribute(ctx, attributes);
    const missing = [...gta.visuals.values()].filter((visual) => visual.page === "Annotations" && !present(visual.id));
    if (missing.length) ctx.note(`Left out, because no label or frame has the attribute: ${missing.map((visual) => `${visual.title} (${visual.where.attribute_name})`).join(", ")}.`);

    ctx.section("What reviewers found");
    // By default labels are counted in the jobs that made them; reviews are in jobs of their own.
    ctx.visual("audit-per-job", { wide: true, ignore: gta.ignoredByReviews() });
    const results = gta.about(ctx, "rpt_audit_results");
    if (results.length)
      ctx.table({
        id: "audit-outcomes", title: "Outcomes of audits, adjustments, verifications and bulk reviews", marts: ["rpt_audit_results"], sort: "-annotation_count",
        why: "Reviews are shown for the jobs that they reviewed.",
        columns: [
          { key: "job_name", title: "Job" }, { key: "audited_job_name", title: "Reviewed job" }, { key: "label", title: "Label" }, { key: "outcome_kind", title: "Kind" }, { key: "outcome", title: "Outcome" },
          { key: "annotation_count", title: "Labels" }, { key: "annotation_share", title: "Share", format: "share", n: "judged_annotation_count", low: "annotation_share_low", high: "annotation_share_high" },
          { key: "object_count", title: "Objects" }, { key: "object_share", title: "Share of objects", format: "share", n: "judged_object_count", low: "object_share_low", high: "object_share_high" },
        ],
        rows: results,
      });
  },
});

const ATTRIBUTE_COUNTS = { frame: "frame_count", annotation: "annotation_count", object: "object_count", answer: "answer_count" };
const ATTRIBUTE_UNITS = { frame: "frames", annotation: "labels", object: "objects", answer: "answers" };

/* The attributes in the data: [{scope, name}], those with most values counted first. */
gta.attributes = function () {
  const mart = "rpt_attribute_values";
  if (!gta.tables[mart]) return [];
  const all = Uint32Array.from({ length: gta.tables[mart].length }, (_, row) => row);
  const found = gta.group(mart, all, ["scope", "attribute_name"], Object.fromEntries(Object.values(ATTRIBUTE_COUNTS).map((name) => [name, ["sum", name]])));
  return found.map((row) => ({ scope: row.scope, name: row.attribute_name, count: row[ATTRIBUTE_COUNTS[row.scope]] || 0 })).sort((a, b) => b.count - a.count);
};

let chosenAttribute = null;
gta.drawAttribute = function (ctx, attributes) {
  const mart = "rpt_attribute_values";
  const key = ({ scope, name }) => JSON.stringify([scope, name]);
  // At first, one that no other chart of the page has.
  const drawn = new Set([...gta.visuals.values()].map((visual) => visual.where.attribute_name));
  const chosen = attributes.find((attribute) => key(attribute) === chosenAttribute) || attributes.find(({ name, scope }) => !drawn.has(name) && gta.where(mart, ctx.rows(mart), { scope, attribute_name: name }).length) || attributes[0];
  const select = gta.element("select", { id: "gta-attribute" }, ...attributes.map((attribute, place) => {
    const option = gta.element("option", { value: String(place) }, `${gta.clip(attribute.name, 50)} (${ATTRIBUTE_UNITS[attribute.scope]})`);
    option.selected = attribute === chosen;
    return option;
  }));
  select.addEventListener("change", async () => {
    chosenAttribute = key(attributes[Number(select.value)]);
    await gta.redraw();
    document.getElementById("gta-attribute").focus();
  });
  ctx.place(gta.element("p", { class: "note" }, gta.element("label", { for: "gta-attribute" }, "Attribute "), select));
  const count = ATTRIBUTE_COUNTS[chosen.scope];
  const rows = gta.where(mart, ctx.rows(mart), { scope: chosen.scope, attribute_name: chosen.name });
  const unit = ATTRIBUTE_UNITS[chosen.scope];
  const named = sentence(unit);
  const values = gta.group(mart, rows, ["attribute_value"], { value: ["sum", count] });
  ctx.chart({ id: "attribute-values", title: `${gta.clip(chosen.name, 60)}: ${unit}`, kind: values.length > 7 ? "bar" : "donut", rows: values.sort((a, b) => b.value - a.value), category: "attribute_value", value: "value", valuetitle: named, format: "number", marts: [mart] });
  ctx.chart({ id: "attribute-values-per-job", title: `${gta.clip(chosen.name, 60)}: ${unit} per job`, kind: "stacked_bar", rows: gta.group(mart, rows, ["job_name", "attribute_value"], { value: ["sum", count] }), category: "job_name", color: "attribute_value", value: "value", valuetitle: named, format: "number", marts: [mart] });
};

/* The objects with a class; of boxes and the like, the objects of the jobs that have it. */
gta.drillLabel = async function (ctx, label) {
  const mart = "fct_object_labels";
  if (!(await gta.load(mart))) return;
  const rows = gta.where(mart, ctx.rows(mart, { ignore: ["label"] }), { label: [label] });
  if (rows.length) return gta.drill({ title: `Objects: ${gta.clip(label, 60)}`, mart, rows });
  const jobs = gta.group("rpt_labels", gta.where("rpt_labels", ctx.rows("rpt_labels"), { label: [label] }), ["job_name"], {}).map((row) => row.job_name);
  return gta.drillJobs(ctx, `Objects of the jobs that have ${gta.clip(label, 60)}`, jobs);
};
