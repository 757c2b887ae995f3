import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, Column, ColumnBuffers, type Layout, Presence } from "../../src/metrics/index.ts";
import { copyPoints, mapLayout, SlotProgram } from "../../src/reshape/index.ts";
import { everyKindBatch } from "../support/batches.ts";

/** A program that copies every metric of a batch of every kind, and a layout of the copies only. */
function copies() {
  const { layout, column } = Batch.from(everyKindBatch());
  let { width } = layout;
  const operations: ReturnType<typeof copyPoints>["operation"][] = [];
  const copied = mapLayout(layout, {
    metric: (metric) => {
      const copy = copyPoints(metric, () => width++);
      operations.push(copy.operation);
      return copy.metric;
    },
  });
  const program = new SlotProgram({
    sourceWidth: layout.width,
    width,
    operations,
    buffers: new ColumnBuffers(),
  });
  const result: Layout = { ...copied, width };
  return { program, column, layout, result };
}

test("copied points of every kind say what those they were made of say", () => {
  const { program, column, result } = copies();
  const times = new BigUint64Array(column.values.length).fill(7_000_000_000n);
  for (const source of [column, column.with({ times })]) {
    const expected = Batch.fromColumns(copies().layout, source).resourceMetrics;
    const got = Batch.fromColumns(result, program.run(source)).resourceMetrics;
    assert.deepEqual(structuredClone([...got]), structuredClone([...expected]));
  }
});

test("the same presence gives the same presence, and buffers are used again unless kept", () => {
  const { program, column } = copies();
  const presence = new Presence(new Uint8Array(column.values.length).fill(1));
  const first = program.run(column.with({ presence }));
  program.release(first);
  const second = program.run(column.with({ presence }));
  assert.equal(second.presence, first.presence);
  assert.equal(second.values, first.values);
  second.retain();
  program.release(second);
  assert.notEqual(program.run(column).values, second.values);
  assert.equal(program.run(new Column(column)).presence, Presence.ALL);
});
