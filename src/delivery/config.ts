import { duration, z } from "../config/index.ts";

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
  })
  .check((context) => {
    const { enabled, num_consumers, queue_size } = context.value;
    if (!enabled) return;
    for (const [key, value] of Object.entries({ num_consumers, queue_size })) {
      if (value > 0) continue;
      context.issues.push({
        code: "custom",
        input: value,
        path: [key],
        message: `\`${key}\` must be positive, got ${value}`,
      });
    }
  });

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
