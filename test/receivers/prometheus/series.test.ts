import assert from "node:assert/strict";
import { test } from "node:test";
import { DataPointType } from "../../../src/metrics/index.ts";
import { writeBody } from "../../exposition/protobuf-writer.ts";
import { run, STALE, startExporter } from "./support.ts";

const gone = (key: string) => (received: { points: Readonly<Record<string, unknown>> }) =>
  received.points[key] === STALE;

test("honor_labels false: the target's labels count, scraped ones are renamed", async (t) => {
  const { address } = await startExporter(
    t,
    'a{job="j",instance="i",team="t",exported_team="e",x="1"} 1\nb{exported_job="e"} 2\nc{team=""} 3\n',
  );
  const { next } = await run(t, [{ static_configs: [{ targets: [address], labels: { team: "virt" } }] }]);
  const { points, others } = await next();
  assert.deepEqual(points, {
    "a{exported_exported_team=t,exported_instance=i,exported_job=j,exported_team=e,team=virt,x=1}": 1,
    "b{exported_job=e,team=virt}": 2,
    "c{team=virt}": 3,
  });
  assert.deepEqual(others, {});
});

test("honor_labels true: scraped labels stay, target labels fill up, jobs and instances get resources", async (t) => {
  const { address } = await startExporter(
    t,
    'a{job="j",instance="i:9",team="t"} 1\na{job="j",instance="[::1]:8"} 2\na{job="j"} 3\na 4\na{job="j",instance="i:9",team="u"} 5\n',
  );
  const { next } = await run(t, [
    { honor_labels: true, static_configs: [{ targets: [address], labels: { team: "virt" } }] },
  ]);
  const { points, others, batch } = await next();
  assert.deepEqual(points, { "a{team=virt}": 4 });
  assert.deepEqual(others, {
    "j/i:9": { "a{team=t}": 1, "a{team=u}": 5 },
    "j/[::1]:8": { "a{team=virt}": 2 },
    [`j/${address}`]: { "a{team=virt}": 3 },
  });
  assert.deepEqual(batch.resourceMetrics[1]?.resource.attributes, {
    "service.name": "j",
    "service.instance.id": "i:9",
    "server.address": "i",
    "server.port": "9",
    "url.scheme": "http",
  });
});

test("metric relabelling drops, renames and rewrites series, with the target's labels in sight", async (t) => {
  const exporter = await startExporter(
    t,
    '# HELP go_a Help.\n# TYPE go_a counter\ngo_a 1\n# TYPE kept counter\nkept{id="x-1"} 2\n# TYPE old counter\nold 3\n',
  );
  const { next } = await run(t, [
    {
      static_configs: [{ targets: [exporter.address], labels: { team: "virt" } }],
      metric_relabel_configs: [
        { action: "drop", source_labels: ["__name__", "team"], regex: "go_.*;virt" },
        { source_labels: ["id"], regex: "x-(.*)", target_label: "id", replacement: "$1" },
        { source_labels: ["__name__"], regex: "old", target_label: "__name__", replacement: "new" },
        { action: "labeldrop", regex: "team" },
      ],
    },
  ]);
  const { points, report, reportAttributes, metrics } = await next();
  assert.deepEqual(points, { "kept{id=1}": 2, "new{}": 3 });
  assert.equal(report["scrape_samples_scraped"], 3);
  assert.equal(report["scrape_samples_post_metric_relabeling"], 2);
  assert.deepEqual(reportAttributes, { team: "virt" }, "not relabelled");
  const types = metrics.slice(0, 2).map(({ metadata }) => metadata?.["prometheus.type"]);
  assert.deepEqual(types, ["counter", "unknown"]);
  exporter.serve("go_a 1\n");
  assert.deepEqual((await next(gone("new{}"))).points, { "kept{id=1}": STALE, "new{}": STALE });
});

test("metric relabelling of job and instance moves series to another resource", async (t) => {
  const { address } = await startExporter(t, 'a{pod="p"} 1\nb 2\n');
  const { next } = await run(t, [
    {
      static_configs: [{ targets: [address] }],
      metric_relabel_configs: [
        { source_labels: ["pod"], regex: "(.+)", target_label: "instance" },
        { source_labels: ["pod"], regex: "(.+)", target_label: "job", replacement: "pods" },
      ],
    },
  ]);
  const { points, others } = await next();
  assert.deepEqual(points, { "b{}": 2 });
  assert.deepEqual(others, { "pods/p": { "a{pod=p}": 1 } });
});

test("a series that relabelling leaves without a name fails the scrape", async (t) => {
  const { address } = await startExporter(t, "a 1\n");
  const { next, counts } = await run(t, [
    {
      static_configs: [{ targets: [address] }],
      metric_relabel_configs: [{ action: "labeldrop", regex: "__name__" }],
    },
  ]);
  assert.equal((await next()).report["up"], 0);
  assert.ok(counts.of("otelcol_scraper_failed_scrapes invalid_series") > 0);
});

test("in a steady state rules cost nothing: the layout is the same object, dropped series or not", async (t) => {
  const body = Array.from({ length: 200 }, (_, i) => `m${i % 20}{n="${i}"} ${i}\n`).join("");
  const { address } = await startExporter(t, body);
  const rules = [
    { action: "drop", source_labels: ["__name__"], regex: "m1.*" },
    { source_labels: ["n"], target_label: "copy" },
  ];
  const { next } = await run(t, [
    { static_configs: [{ targets: [address] }], metric_relabel_configs: rules },
  ]);
  const first = await next();
  const second = await next();
  const third = await next();
  assert.equal(Object.keys(first.points).length, 90);
  assert.equal(second.batch.layout, first.batch.layout);
  assert.equal(third.batch.column.presence, second.batch.column.presence);
  assert.equal(third.report["scrape_series_added"], 0);
});

test("limits hold for what relabelling leaves, and fail the whole scrape", async (t) => {
  const cases: readonly (readonly [options: object, good: string, bad: string, reason: string])[] = [
    [{ sample_limit: 2 }, "a 1\nb 1\ndrop_a 1\n", "a 1\nb 1\nc 1\n", "sample_limit"],
    // The name, job and instance count.
    [{ label_limit: 4 }, 'a{x="1"} 1\n', 'a{x="1",y="2"} 1\n', "label_limit"],
    [{ label_limit: 4 }, 'a{x="1",tmp="2"} 1\n', 'a{x="1",y="2"} 1\n', "label_limit"],
    [
      { label_name_length_limit: 8 },
      'a{x2345678="1"} 1\n',
      'a{x23456789="1"} 1\n',
      "label_name_length_limit",
    ],
    [
      { label_value_length_limit: 16 },
      'a{x="1"} 1\n',
      `a{x="${"1".repeat(17)}"} 1\n`,
      "label_value_length_limit",
    ],
    [{ label_value_length_limit: 16 }, "a 1\n", `${"a".repeat(17)} 1\n`, "label_value_length_limit"],
    [{ body_size_limit: "1KB" }, "a 1\n", `a 1\n#${"x".repeat(1020)}`, "body_limit"],
  ];
  for (const [options, good, bad, reason] of cases) {
    const exporter = await startExporter(t, good);
    const rules = [
      { action: "drop", source_labels: ["__name__"], regex: "drop_.*" },
      { action: "labeldrop", regex: "tmp" },
      { target_label: "instance", replacement: "i" },
    ];
    const { next, counts, stop } = await run(t, [
      {
        static_configs: [{ targets: [exporter.address], labels: { instance: "i" } }],
        metric_relabel_configs: rules,
        ...options,
      },
    ]);
    assert.equal((await next()).report["up"], 1, JSON.stringify(options));
    exporter.serve(bad);
    await next(({ report }) => report["up"] === 0);
    assert.ok(counts.of(`otelcol_scraper_failed_scrapes ${reason}`) > 0, reason);
    await stop();
  }
});

test("limits of global hold for jobs without their own", async (t) => {
  const { address } = await startExporter(t, "a 1\nb 1\n");
  const jobs = [
    { job_name: "inherits", static_configs: [{ targets: [address] }] },
    { job_name: "own", sample_limit: 5, static_configs: [{ targets: [address] }] },
  ];
  const { next } = await run(t, jobs, { sample_limit: 1 });
  const of = (job: string) => next(({ resource }) => resource["service.name"] === job);
  assert.equal((await of("inherits")).report["up"], 0);
  assert.equal((await of("own")).report["up"], 1);
});

test("timestamps: honoured or not, with stale markers or without", async (t) => {
  const at = Date.now() - 5000;
  const body = `a 1 ${at}\nb 1\n`;
  for (const [options, time, after] of [
    [{}, at, undefined],
    [{ track_timestamps_staleness: true }, at, STALE],
    [{ honor_timestamps: false }, undefined, STALE],
  ] as const) {
    const exporter = await startExporter(t, body);
    const { next, stop } = await run(t, [{ static_configs: [{ targets: [exporter.address] }], ...options }]);
    const first = await next();
    assert.equal(first.points["a{}"], 1);
    const { times } = first.batch.column;
    assert.equal(times === undefined ? undefined : Number((times[0] ?? 0n) / 1_000_000n), time);
    exporter.serve("c 1\n");
    assert.equal((await next(gone("b{}"))).points["a{}"], after);
    await stop();
  }
});

test("external labels are on every point, the report's too", async (t) => {
  const { address } = await startExporter(t, 'a{cluster="inner"} 1\n');
  const { next } = await run(t, [{ static_configs: [{ targets: [address] }] }], {
    external_labels: { cluster: "outer" },
  });
  const { points, reportAttributes } = await next();
  assert.deepEqual(points, { "a{cluster=outer}": 1 });
  assert.deepEqual(reportAttributes, { cluster: "outer" });
});

test("extra_scrape_metrics reports more, by job or for all", async (t) => {
  const { address } = await startExporter(t, "a 1\n");
  const jobs = [
    { job_name: "off", extra_scrape_metrics: false, static_configs: [{ targets: [address] }] },
    { job_name: "on", sample_limit: 9, static_configs: [{ targets: [address] }] },
  ];
  const { next } = await run(t, jobs, { extra_scrape_metrics: true });
  const { report } = await next(({ resource }) => resource["service.name"] === "on");
  assert.equal(report["scrape_timeout_seconds"], 0.1);
  assert.equal(report["scrape_sample_limit"], 9);
  assert.equal(report["scrape_body_size_bytes"], 4);
  assert.equal(
    "scrape_sample_limit" in (await next(({ resource }) => resource["service.name"] === "off")).report,
    false,
  );
});

test("with legacy validation a name of the new sort fails the scrape", async (t) => {
  const exporter = await startExporter(t, 'a{x="1"} 1\n');
  const { next, counts } = await run(t, [
    { metric_name_validation_scheme: "legacy", static_configs: [{ targets: [exporter.address] }] },
  ]);
  for (const bad of ['{"my.metric"} 1\n', 'a{"x.y"="1"} 1\n']) {
    exporter.serve('a{x="1"} 1\n');
    await next(({ report }) => report["up"] === 1);
    exporter.serve(bad);
    await next(({ report }) => report["up"] === 0);
  }
  assert.ok(counts.of("otelcol_scraper_failed_scrapes invalid_series") > 0);
});

test("histograms in protobuf: classic, native, or both, as the job or a target's label says", async (t) => {
  const body = writeBody({
    name: "h",
    type: "histogram",
    metrics: [
      {
        histogram: {
          count: 3,
          sum: 4,
          buckets: [{ count: 2, bound: 1 }],
          schema: 0,
          zeroThreshold: 0.001,
          positive: { spans: [[0, 1]], deltas: [3] },
        },
      },
    ],
  });
  const { address, requests } = await startExporter(t, (response) => {
    response.setHeader("content-type", "application/vnd.google.protobuf; encoding=delimited").end(body);
  });
  const native = { scrape_native_histograms: true };
  const [classic, exponential] = [DataPointType.HISTOGRAM, DataPointType.EXPONENTIAL_HISTOGRAM];
  for (const [options, types] of [
    [{}, [classic]],
    [native, [exponential]],
    [{ ...native, always_scrape_classic_histograms: true }, [classic, exponential]],
    [
      { relabel_configs: [{ target_label: "__scrape_native_histograms__", replacement: "true" }] },
      [exponential],
    ],
    [
      {
        ...native,
        metric_relabel_configs: [
          { source_labels: ["__name__"], target_label: "__name__", replacement: "h_$1" },
        ],
      },
      [exponential],
    ],
  ] as const) {
    const { next, stop } = await run(t, [{ ...options, static_configs: [{ targets: [address] }] }]);
    const { metrics, report } = await next();
    assert.equal(report["up"], 1);
    const found = metrics.filter(({ descriptor }) => descriptor.name.startsWith("h"));
    assert.deepEqual(
      new Set(found.map(({ dataPointType }) => dataPointType)),
      new Set(types),
      JSON.stringify(options),
    );
    await stop();
  }
  assert.ok(requests.some(({ headers }) => headers.accept?.startsWith("application/vnd.google.protobuf")));
});
