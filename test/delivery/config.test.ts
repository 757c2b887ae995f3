import assert from "node:assert/strict";
import { test } from "node:test";
import { enabledSection, z } from "../../src/config/index.ts";
import {
  retrySchema,
  sendingQueueSchema,
  storageReferences,
  storageWarnings,
  timeoutSchema,
} from "../../src/delivery/index.ts";

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

test("batch is off unless it is written, and then has the Collector's defaults", () => {
  assert.equal(schema.parse({}).sending_queue?.batch, undefined);
  for (const batch of [{}, null]) {
    assert.deepEqual(schema.parse({ sending_queue: { batch } }).sending_queue?.batch, {
      enabled: true,
      flush_timeout: 200,
      min_size: 8192,
      max_size: 0,
    });
  }
});

test("the sizes of a batch have to fit each other and the queue", () => {
  const batchMessages = (sending_queue: object) => messages({ sending_queue });
  assert.deepEqual(batchMessages({ batch: { min_size: 10, max_size: 5 } }), [
    "`max_size` must be greater than or equal to `min_size`, got 5 and 10",
  ]);
  assert.deepEqual(batchMessages({ batch: { min_size: -1, max_size: -1, flush_timeout: 0 } }), [
    "`flush_timeout` must be positive",
    "`min_size` must be non-negative, got -1",
    "`max_size` must be non-negative, got -1",
  ]);
  const tooLarge = ["`min_size` must be less than or equal to `queue_size`, got 8192 and 1000"];
  assert.deepEqual(batchMessages({ sizer: "items", batch: {} }), tooLarge);
  assert.deepEqual(batchMessages({ sizer: "bytes", batch: {} }), tooLarge);
  assert.deepEqual(batchMessages({ sizer: "bytes", batch: { sizer: "items" } }), [], "not comparable");
  assert.deepEqual(batchMessages({ batch: {} }), []);
});

test("a persistent queue names its storage and excludes wait_for_result", () => {
  assert.deepEqual(messages({ sending_queue: { storage: "file_storage", wait_for_result: true } }), [
    "`wait_for_result` is not supported with a persistent queue configured with `storage`",
  ]);
  assert.deepEqual(storageReferences(schema.parse({ sending_queue: { storage: " file_storage/a " } })), [
    { kind: "extension", id: "file_storage/a", path: ["sending_queue", "storage"] },
  ]);
  assert.deepEqual(storageReferences(schema.parse({})), []);
  assert.deepEqual(
    storageReferences(schema.parse({ sending_queue: { enabled: false, storage: "file_storage" } })),
    [],
  );
});

test("a persistent queue that gives up on its data is worth a warning", () => {
  const warnings = (retry_on_failure: object, storage: string | undefined = "file_storage") =>
    storageWarnings(schema.parse({ sending_queue: { storage }, retry_on_failure })).map(
      ({ message }) => message,
    );
  assert.deepEqual(warnings({}), [
    "the queue is persistent, but a request that could not be delivered for 5m0s is dropped; `max_elapsed_time: 0` keeps it until the backend is back",
  ]);
  assert.deepEqual(warnings({ enabled: false }), [
    "the queue is persistent, but without retries a request is dropped when it first fails",
  ]);
  assert.deepEqual(warnings({ max_elapsed_time: 0 }), []);
  assert.deepEqual(storageWarnings(schema.parse({ retry_on_failure: { max_elapsed_time: "10m" } })), []);
});
