import assert from "node:assert/strict";
import { test } from "node:test";
import { clientMetadata } from "../../../src/component/index.ts";
import type { Batch } from "../../../src/metrics/index.ts";
import batchDefinition from "../../../src/processors/batch/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";

const PREFIX = "otelcol_processor_batch_";

test("what waits in all pipelines with the processor adds up, and is nothing when it has been handed on", async () => {
  const { settings, metric } = harness("batch");
  const config = batchDefinition.config.parse({ timeout: "1h", send_batch_size: 1000 });
  const next = { consume: async (_batch: Batch) => {} };
  const processors = [1, 2].map(() => batchDefinition.create({ ...settings, config, next }));
  const given = processors.map((processor, i) => processor.consume(gauges(10 * (i + 1))));
  assert.equal(await metric("pending_items", { processor: "batch" }, PREFIX), 30);
  await Promise.all(processors.map((processor) => processor.shutdown?.(0)));
  await Promise.all(given);
  assert.equal(await metric("pending_items", {}, PREFIX), 0);
});

test("combinations of metadata are counted while they are kept apart", async () => {
  const { settings, metric } = harness("batch");
  const config = batchDefinition.config.parse({ send_batch_size: 0, timeout: 0, metadata_keys: ["tenant"] });
  const next = { consume: async (_batch: Batch) => {} };
  const processor = batchDefinition.create({ ...settings, config, next });
  for (const tenant of ["a", "b", "a"]) {
    await clientMetadata.run(new Map([["tenant", [tenant]]]), () => processor.consume(gauges(1)));
  }
  assert.equal(await metric("metadata_cardinality", { processor: "batch" }, PREFIX), 2);
  await processor.shutdown?.(0);
  assert.equal(await metric("metadata_cardinality", {}, PREFIX), 0);
});
