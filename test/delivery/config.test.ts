import assert from "node:assert/strict";
import { test } from "node:test";
import { enabledSection, z } from "../../src/config/index.ts";
import { retrySchema, sendingQueueSchema, timeoutSchema } from "../../src/delivery/index.ts";

const schema = z.strictObject({
  sending_queue: enabledSection(sendingQueueSchema),
  retry_on_failure: enabledSection(retrySchema),
  timeout: timeoutSchema("5s"),
});

const messages = (input: unknown) =>
  schema.safeParse(input).error?.issues.map(({ message }) => message) ?? [];

test("the defaults are the Collector's", () => {
  assert.deepEqual(schema.parse({ sending_queue: null }), {
    sending_queue: {
      enabled: true,
      num_consumers: 10,
      queue_size: 1000,
      sizer: "requests",
      block_on_overflow: false,
      wait_for_result: false,
      preserve_order: false,
    },
    retry_on_failure: {
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 300_000,
    },
    timeout: 5000,
  });
});

test("enabled: false turns a section off, whatever else it says", () => {
  const config = schema.parse({
    sending_queue: { enabled: false, queue_size: 0 },
    retry_on_failure: { enabled: false, multiplier: -1 },
  });
  assert.equal(config.sending_queue, undefined);
  assert.equal(config.retry_on_failure, undefined);
});

test("every problem is named", () => {
  assert.deepEqual(messages({ sending_queue: { num_consumers: 0, queue_size: -1 } }), [
    "`num_consumers` must be positive, got 0",
    "`queue_size` must be positive, got -1",
  ]);
  assert.deepEqual(messages({ retry_on_failure: { randomization_factor: 1.5, multiplier: -1 } }), [
    "'randomization_factor' must be within [0, 1], got 1.5",
    "'multiplier' must be non-negative, got -1",
  ]);
  assert.deepEqual(messages({ retry_on_failure: { max_elapsed_time: "1s" } }), [
    "'max_elapsed_time' must not be less than 'initial_interval'",
    "'max_elapsed_time' must not be less than 'max_interval'",
  ]);
  assert.deepEqual(messages({ retry_on_failure: { max_elapsed_time: 0 } }), []);
});
