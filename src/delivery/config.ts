import { componentId, duration, optionalSection, z } from "../config/index.ts";

const batchSchema = z.strictObject({
  flush_timeout: duration()
    .prefault("200ms")
    .describe("How long data waits for more to come, `min_size` not being reached."),
  min_size: z
    .int()
    .default(8192)
    .describe("Data is sent at once when there is so much of it, in units of `sizer`."),
  max_size: z
    .int()
    .default(0)
    .describe("What is larger goes out as several requests; 0 = no limit. In units of `sizer`."),
  sizer: z
    .enum(["items", "bytes"])
    .optional()
    .describe(
      "What the sizes count: data points, or bytes of the OTLP protobuf before compression. Default: as for the queue if that counts one of these, else items.",
    ),
});

export type BatchConfig = z.output<typeof batchSchema>;

/**
 * `sending_queue` as in the Collector's exporterhelper. Use with `enabledSection` (on unless switched off) or
 * `optionalSection` (off unless written); undefined then means no queue.
 */
export const sendingQueueSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Whether requests are queued. Without a queue the sender waits for the backend's answer."),
    num_consumers: z.int().default(10).describe("How many requests are sent at the same time."),
    queue_size: z
      .int()
      .default(1000)
      .describe("How much the queue holds, in units of `sizer`; requests being sent count as well."),
    sizer: z
      .enum(["requests", "items", "bytes"])
      .default("requests")
      .describe(
        "What `queue_size` counts: requests, data points, or bytes of the encoded and compressed requests.",
      ),
    block_on_overflow: z
      .boolean()
      .default(false)
      .describe("When the queue is full: true makes the sender wait for room, false refuses the new data."),
    wait_for_result: z
      .boolean()
      .default(false)
      .describe("Whether the sender waits until its data is delivered, and gets the error if it is not."),
    preserve_order: z
      .boolean()
      .default(false)
      .describe(
        "Send one request at a time, whatever `num_consumers` says, so that data arrives in the order in which it was queued. A request that has to be retried holds up the others.",
      ),
    storage: componentId()
      .optional()
      .describe(
        "ID of a storage extension, such as `file_storage`: the queue is kept there and survives a crash. Default: in memory.",
      ),
    batch: optionalSection(batchSchema).describe(
      "Put data together before it is encoded and queued. The sender waits until that has happened.",
    ),
  })
  .check((context) => {
    const { enabled, num_consumers, queue_size, storage, wait_for_result, batch } = context.value;
    if (!enabled) return;
    const fail = (path: readonly string[], input: unknown, message: string) =>
      context.issues.push({ code: "custom", input, path: [...path], message });
    for (const [key, value] of Object.entries({ num_consumers, queue_size })) {
      if (value <= 0) fail([key], value, `\`${key}\` must be positive, got ${value}`);
    }
    if (storage !== undefined && wait_for_result) {
      fail(
        ["wait_for_result"],
        true,
        "`wait_for_result` is not supported with a persistent queue configured with `storage`",
      );
    }
    if (batch !== undefined)
      checkBatch(batch, context.value, (key, message) => fail(["batch", key], batch[key], message));
  });

function checkBatch(
  batch: BatchConfig,
  queue: { readonly queue_size: number; readonly sizer: string },
  fail: (key: keyof BatchConfig, message: string) => void,
): void {
  const { flush_timeout, min_size, max_size } = batch;
  if (flush_timeout <= 0) fail("flush_timeout", "`flush_timeout` must be positive");
  if (min_size < 0) fail("min_size", `\`min_size\` must be non-negative, got ${min_size}`);
  if (max_size < 0) fail("max_size", `\`max_size\` must be non-negative, got ${max_size}`);
  if (max_size > 0 && max_size < min_size) {
    fail(
      "max_size",
      `\`max_size\` must be greater than or equal to \`min_size\`, got ${max_size} and ${min_size}`,
    );
  }
  if (batchSizer(batch, queue) === queue.sizer && min_size > queue.queue_size) {
    fail(
      "min_size",
      `\`min_size\` must be less than or equal to \`queue_size\`, got ${min_size} and ${queue.queue_size}`,
    );
  }
}

/** What the sizes of `batch` count. */
export function batchSizer({ sizer }: BatchConfig, queue: { readonly sizer: string }): "items" | "bytes" {
  return sizer ?? (queue.sizer === "bytes" ? "bytes" : "items");
}

export type SendingQueueConfig = z.output<typeof sendingQueueSchema>;

/** `retry_on_failure` as in the Collector; use it like {@link sendingQueueSchema}. Durations in milliseconds. */
export const retrySchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Whether a failed request is sent again."),
    initial_interval: duration().prefault("5s").describe("Time before the first retry."),
    randomization_factor: z
      .number()
      .default(0.5)
      .describe("Each interval is varied at random by up to this share of it, 0 to 1."),
    multiplier: z
      .number()
      .default(1.5)
      .describe("By how much the interval grows from one retry to the next."),
    max_interval: duration().prefault("30s").describe("The interval stops growing here."),
    max_elapsed_time: duration()
      .prefault("300s")
      .describe("A request that could not be delivered for so long is dropped; 0 = never."),
  })
  .check((context) => {
    const value = context.value;
    if (!value.enabled) return;
    const fail = (key: keyof typeof value, message: string) =>
      context.issues.push({ code: "custom", input: value[key], path: [key], message });
    const { randomization_factor: factor, multiplier, max_elapsed_time: elapsed } = value;
    if (factor < 0 || factor > 1) {
      fail("randomization_factor", `'randomization_factor' must be within [0, 1], got ${factor}`);
    }
    if (multiplier < 0) fail("multiplier", `'multiplier' must be non-negative, got ${multiplier}`);
    if (elapsed > 0) {
      for (const key of ["initial_interval", "max_interval"] as const) {
        if (elapsed < value[key]) {
          fail("max_elapsed_time", `'max_elapsed_time' must not be less than '${key}'`);
        }
      }
    }
  });

export type RetryConfig = z.output<typeof retrySchema>;

/** `timeout` of one attempt in milliseconds; 0 = none. */
export function timeoutSchema(byDefault: string): z.ZodType<number, string | number | undefined> {
  return duration()
    .prefault(byDefault)
    .describe("Time for one attempt to deliver a request; 0 = no limit.") as never;
}
