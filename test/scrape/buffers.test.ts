import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../src/metrics/index.ts";
import { startHarness } from "./harness.ts";

const body = (value: number) =>
  `a{x="1"} ${value}\na{x="2"} ${value + 1}\nm ${value} ${1_699_999_000_000 + value}\n`;

test("a steady target lends the same arrays and the same layout each time", async (t) => {
  const { serve, scrape } = await startHarness(t, { peek: false });
  serve(body(1));
  const first = await scrape();
  const seen = { ...first, values: first.column.values, times: first.column.times };
  for (let i = 2; i < 6; i++) {
    serve(body(i));
    const { layout, column } = await scrape();
    assert.equal(layout, seen.layout);
    assert.equal(column.values, seen.values);
    assert.equal(column.times, seen.times);
    assert.equal(column.presence, first.column.presence);
    assert.deepEqual([...column.values.subarray(0, 2)], [i, i + 1]);
  }
});

test("what somebody keeps is not written to again", async (t) => {
  const { serve, scrape, onBatch } = await startHarness(t, { peek: false });
  const kept: Batch[] = [];
  onBatch((batch) => {
    batch.retain();
    kept.push(batch);
  });
  for (let i = 1; i < 5; i++) {
    serve(body(i));
    await scrape();
  }
  const values = kept.map((batch) => [...batch.column.values.subarray(0, 2)]);
  assert.deepEqual(values, [
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
  ]);
  const times = kept.map((batch) => batch.column.timeAt(2));
  assert.equal(new Set(times).size, 4);
});

test("new series leave the metrics of the others as they are", async (t) => {
  const { serve, scrape } = await startHarness(t, { peek: false });
  serve("a 1\nb 1\n");
  const first = await scrape();
  serve('a 1\nb 1\nb{x="1"} 1\n');
  const second = await scrape();
  const metricsOf = (layout: typeof first.layout) => layout.resources[0]?.scopes[0]?.metrics ?? [];
  assert.notEqual(second.layout, first.layout);
  assert.equal(metricsOf(second.layout)[0], metricsOf(first.layout)[0]);
  assert.equal(metricsOf(second.layout)[1]?.attributes.length, 2);
});
