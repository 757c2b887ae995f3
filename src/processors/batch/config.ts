import { crossCheck, duration, z } from "../../config/index.ts";

export const configSchema = z
  .strictObject({
    send_batch_size: z
      .int()
      .min(0)
      .default(8192)
      .describe("Data points at which what has been collected is handed on; 0 = at once."),
    timeout: duration()
      .prefault("200ms")
      .describe("Time after which it is handed on whatever its size; 0s = at once."),
    send_batch_max_size: z
      .int()
      .min(0)
      .default(0)
      .describe("Most data points of a batch that is handed on; larger ones are split. 0 = no limit."),
    metadata_keys: z
      .array(z.string().min(1))
      .default([])
      .check((context) => {
        const names = context.value.map((key) => key.toLowerCase());
        const index = names.findIndex((name, i) => names.indexOf(name) < i);
        if (index < 0) return;
        context.issues.push({
          code: "custom",
          input: context.value[index],
          path: [index],
          message: `duplicate entry in metadata_keys: ${JSON.stringify(names[index])} (case-insensitive)`,
        });
      })
      .describe(
        "Headers of the requests that brought the data: only what has the same values becomes one batch, which keeps these headers. Needs `include_metadata` of the receiver.",
      ),
    metadata_cardinality_limit: z
      .int()
      .min(0)
      .default(1000)
      .describe(
        "Most combinations of their values; data with further ones is refused for good. 0 = no limit.",
      ),
  })
  .check(
    crossCheck(["send_batch_size", "send_batch_max_size"], ({ value, issues }) => {
      const { send_batch_size, send_batch_max_size } = value;
      if (send_batch_max_size === 0 || send_batch_max_size >= send_batch_size) return;
      issues.push({
        code: "custom",
        input: value,
        path: ["send_batch_max_size"],
        message: `must be greater or equal to send_batch_size (${send_batch_size}), got ${send_batch_max_size}`,
      });
    }),
  );

export type BatchConfig = z.output<typeof configSchema>;
