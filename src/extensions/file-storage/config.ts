import { duration, z } from "../../config/index.ts";

const compactionSchema = z
  .strictObject({
    on_start: z
      .boolean()
      .default(false)
      .describe("Rid the files of what is no longer needed before they are used."),
    on_rebound: z
      .boolean()
      .default(false)
      .describe("Do so while running, when the two thresholds say that it pays."),
    rebound_needed_threshold_mib: z
      .number()
      .nonnegative()
      .default(100)
      .describe("on_rebound: compact when the files of a component take as much as this …"),
    rebound_trigger_threshold_mib: z
      .number()
      .nonnegative()
      .default(10)
      .describe("… and what of it is still needed no more than this."),
    check_interval: duration({ min: 1 })
      .prefault("5s")
      .describe("on_rebound: how often the thresholds are looked at."),
    max_transaction_size: z
      .int()
      .nonnegative()
      .default(65_536)
      .describe(
        "Compaction moves about so many bytes at a time and lets others write in between; 0 = no limit.",
      ),
    directory: z
      .string()
      .optional()
      .describe(
        "Accepted from Collector configurations, with a warning: compaction makes no temporary files.",
      ),
    cleanup_on_start: z
      .boolean()
      .default(false)
      .describe(
        "Accepted from Collector configurations, with a warning: compaction makes no temporary files.",
      ),
  })
  .prefault({});

export const configSchema = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Where the files are, for this extension alone. Default: `/var/lib/otelcol/file_storage`, on Windows `%ProgramData%\\Otelcol\\FileStorage`.",
      ),
    create_directory: z
      .boolean()
      .default(false)
      .describe("Make the directory if it does not exist; otherwise that is an error."),
    directory_permissions: z
      .string()
      .regex(/^0*[0-7]{1,3}$/, 'must be an octal number such as "0750"')
      .default("0750")
      .describe("Permissions of directories that are made, an octal number; not on Windows."),
    timeout: duration({ min: 0 })
      .prefault("1s")
      .describe("How long a start waits for another process to let go of the directory."),
    fsync: z
      .boolean()
      .default(false)
      .describe(
        "Whether data is on the disk itself before it counts as stored, so that a power cut loses nothing. A killed process loses nothing in either case.",
      ),
    compaction: compactionSchema.describe("How room is given back that the automatic tidying leaves."),
  })
  .prefault({});

export type FileStorageConfig = z.output<typeof configSchema>;

export function configWarnings({ compaction }: FileStorageConfig) {
  const unused = [
    ...(compaction.directory === undefined ? [] : ["directory"]),
    ...(compaction.cleanup_on_start ? ["cleanup_on_start"] : []),
  ];
  return unused.map((key) => ({
    path: ["compaction", key],
    message: `\`${key}\` has no effect: compaction makes no temporary files here, there is nothing to place or to clean up`,
  }));
}

export function defaultDirectory(platform: string, programData: string | undefined): string {
  if (platform !== "win32") return "/var/lib/otelcol/file_storage";
  return `${programData ?? "C:\\ProgramData"}\\Otelcol\\FileStorage`;
}
