import { crossCheck, duration, z } from "../../config/index.ts";

const percentage = (what: string) => z.int().min(0).max(100).default(0).describe(what);

export const configSchema = z
  .strictObject({
    check_interval: duration({ min: 1 }).prefault("1s").describe("How often memory is looked at."),
    limit_mib: z
      .int()
      .min(0)
      .default(0)
      .describe("Hard limit in MiB for the process, everything included. Goes before `limit_percentage`."),
    limit_percentage: percentage(
      "Hard limit as a percentage of the memory that there is: the container's limit (cgroup v1 and v2), or the machine's.",
    ),
    spike_limit_mib: z
      .int()
      .min(0)
      .default(0)
      .describe(
        "How far below the hard limit data is refused, in MiB: about what comes in during a `check_interval`. Default: 20 % of the limit.",
      ),
    spike_limit_percentage: percentage("The same as a percentage, for `limit_percentage`."),
    min_gc_interval_when_soft_limited: duration()
      .prefault("10s")
      .describe("Least time between two garbage collections that are forced while data is refused."),
    min_gc_interval_when_hard_limited: duration().prefault("0s").describe("The same above the hard limit."),
  })
  .check(
    crossCheck(
      ["limit_mib", "limit_percentage", "spike_limit_mib", "spike_limit_percentage"],
      ({ value, issues }) => {
        const { limit_mib, limit_percentage, spike_limit_mib, spike_limit_percentage } = value;
        const issue = (path: string[], message: string) =>
          issues.push({ code: "custom", input: value, path, message });
        if (limit_mib === 0 && limit_percentage === 0) {
          issue([], "`limit_mib` or `limit_percentage` must be greater than zero");
        }
        if (limit_mib > 0 && spike_limit_mib >= limit_mib) {
          issue(["spike_limit_mib"], `must be smaller than limit_mib (${limit_mib}), got ${spike_limit_mib}`);
        }
        if (limit_mib === 0 && limit_percentage > 0 && spike_limit_percentage >= limit_percentage) {
          issue(
            ["spike_limit_percentage"],
            `must be smaller than limit_percentage (${limit_percentage}), got ${spike_limit_percentage}`,
          );
        }
      },
    ),
  );

export type MemoryLimiterConfig = z.output<typeof configSchema>;
