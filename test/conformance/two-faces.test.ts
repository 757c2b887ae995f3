import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { components } from "../../src/distribution/index.ts";
import { differenceOfFaces, pages, pipelineOf, scraped } from "../support/two-faces.ts";

// A vanished series is still in the layout of the scrapes, but in no plain object: no processor may take notice of it.

/** By type of processor, what it is told: each option that makes a difference to what comes out. */
const configs: Readonly<Record<string, readonly object[]>> = {
  attributes: [
    {
      actions: [
        { key: "a", action: "hash" },
        { key: "n", action: "insert", value: 1 },
        { key: "b", action: "delete" },
      ],
    },
    {
      include: { match_type: "strict", metric_names: ["g", "s"] },
      actions: [{ key: "a", action: "delete" }],
    },
  ],
  batch: [{ timeout: "0s", send_batch_size: 7, send_batch_max_size: 7 }],
  cumulative_to_delta: [
    {},
    { initial_value: "keep" },
    { include: { match_type: "strict", metrics: ["c_total"] } },
  ],
  delta_to_cumulative: [{}],
  delta_to_rate: [{ metrics: ["c_total"] }],
  filter: [
    {
      metric_conditions: [
        "datapoint.value_double > 5.0",
        'datapoint.attributes["a"] == "2" and datapoint.value_double < 2.0',
      ],
    },
    { metric_conditions: ["datapoint.count > 3", "datapoint.flags == FLAG_NO_RECORDED_VALUE"] },
    { metric_conditions: ['HasAttrOnDatapoint("a", "1")'] },
    { metric_conditions: ['HasAttrKeyOnDatapoint("b") and metric.type == METRIC_DATA_TYPE_SUM'] },
  ],
  groupbyattrs: [{ keys: ["a"] }, { keys: ["b", "a"] }, { keys: [] }],
  interval: [{ interval: "60s" }, { interval: "45s", pass_through: { gauge: true, summary: true } }],
  kubevirt_handler: [
    { metrics: "all" },
    { metrics: "all", histograms: "native", resource: "vmi" },
    { metrics: "all", temporality: "delta" },
  ],
  memory_limiter: [{ check_interval: "1s", limit_mib: 100_000 }],
  metric_start_time: [{}, { strategy: "subtract_initial_point" }],
  metricsgeneration: [
    {
      rules: [
        { name: "ratio", type: "calculate", metric1: "g", metric2: "g2", operation: "divide" },
        { name: "more", type: "calculate", metric1: "ratio", metric2: "c_total", operation: "add" },
        { name: "twice", type: "scale", metric1: "c_total", scale_by: 2, operation: "multiply" },
      ],
    },
  ],
  metrics_transform: [
    {
      transforms: ["h", "s", "g"].map((include) => ({
        include,
        action: "update",
        operations: [{ action: "aggregate_labels", label_set: [], aggregation_type: "mean" }],
      })),
    },
  ],
  redaction: [
    {
      allow_all_keys: true,
      blocked_values: ["^1"],
      blocked_key_patterns: ["b"],
      summary: "debug",
    },
  ],
  relabel: [
    {
      metric_relabel_configs: [
        { source_labels: ["a"], regex: "3", action: "drop" },
        { source_labels: ["b"], target_label: "__name__", regex: "(x)", replacement: "n_$$1" },
        { regex: "b", action: "labeldrop" },
      ],
    },
  ],
  resource: [{ attributes: [{ key: "team", action: "insert", value: "one" }] }],
  resource_detection: [{ detectors: ["env"] }],
  transform: [
    {
      metric_statements: [
        'set(datapoint.value_double, datapoint.value_double * 2.0) where datapoint.attributes["a"] == "1"',
        'set(datapoint.attributes["z"], datapoint.value_double)',
      ],
    },
    {
      metric_statements: [
        'aggregate_on_attributes("sum", ["a"]) where metric.type != METRIC_DATA_TYPE_SUMMARY',
        'aggregate_on_attribute_value("max", "a", ["1", "2"], "12") where metric.name == "g"',
      ],
    },
    {
      metric_statements: [
        "extract_count_metric(true)",
        "extract_sum_metric(true)",
        'copy_metric(name="copy") where metric.name == "g"',
        'scale_metric(3.0) where metric.name == "g"',
      ],
    },
    {
      metric_statements: [
        {
          context: "datapoint",
          statements: [
            "set(time_unix_nano, start_time_unix_nano) where start_time_unix_nano > 0",
            'set(flags, 1) where attributes["b"] == "x"',
            "set(count, 7)",
          ],
        },
      ],
    },
    {
      metric_statements: [
        "convert_summary_quantile_val_to_gauge()",
        'convert_summary_sum_val_to_sum("cumulative", true)',
        "merge_histogram_buckets(1.0)",
        "extract_percentile_metric(90)",
      ],
    },
    {
      metric_statements: [
        'convert_sum_to_gauge() where metric.name == "c_total"',
        'convert_gauge_to_sum("cumulative", true) where metric.name == "g"',
        'keep_keys(datapoint.attributes, ["b", "a"])',
      ],
    },
    {
      metric_statements: [
        'set(metric.description, "x") where Len(metric.data_points) > 2',
        'set(metric.name, "one") where metric.name == "g2"',
        'set(resource.attributes["n"], datapoint.attributes["a"])',
      ],
    },
  ],
};

/** What they know comes from an API server. */
const asking = ["k8s_attributes", "kubevirt_attributes"];

/** They make one series of several here, or cut metrics in two: what comes next has no way to tell series apart. */
const confusing = ["attributes", "batch", "redaction", "relabel"];

describe("columns of scrapes and plain objects of the same points give the same", () => {
  for (const [type, all] of Object.entries(configs)) {
    for (const [i, processor] of all.entries()) {
      test(all.length === 1 ? type : `${type}, ${i + 1}`, async () => {
        const config = await pipelineOf({ [type]: processor });
        await fc.assert(
          fc.asyncProperty(pages, async (said) => {
            assert.equal(await differenceOfFaces(config, said, await scraped(said)), undefined);
          }),
          { numRuns: 8 },
        );
      });
    }
  }

  test("any two in a row: one takes what the other has left", async () => {
    const some = Object.entries(configs)
      .filter(([type]) => !confusing.includes(type))
      .flatMap(([type, all]) => all.map((one) => ({ type, one })));
    await fc.assert(
      fc.asyncProperty(
        pages,
        fc.constantFrom(...some),
        fc.constantFrom(...some),
        async (said, first, second) => {
          const processors = { [`${first.type}/1`]: first.one, [`${second.type}/2`]: second.one };
          const config = await pipelineOf(processors);
          assert.equal(await differenceOfFaces(config, said, await scraped(said)), undefined);
        },
      ),
      { numRuns: 80 },
    );
  });

  test("every processor is tried", () => {
    const types = components.processors.map(({ type }) => type);
    assert.deepEqual([...Object.keys(configs), ...asking].sort(), types.sort());
  });
});
