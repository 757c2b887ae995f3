import assert from "node:assert/strict";
import { test } from "node:test";
import nop from "../../../src/exporters/nop/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";

test("takes everything and counts it as sent", async () => {
  const { settings, metric } = harness("nop");
  const exporter = nop.create({ ...settings, config: nop.config.parse(undefined) });
  await exporter.consume(gauges(3));
  await exporter.shutdown?.(30_000);
  await exporter.shutdown?.(30_000);
  assert.equal(await metric("sent_metric_points", { exporter: "nop" }), 3);
});
