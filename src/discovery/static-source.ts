import { scalarText, z } from "../config/index.ts";
import type { TargetGroup, TargetListener, TargetSource } from "./target-source.ts";

/** An entry of Prometheus' `static_configs`. */
export const staticSdSchema = z.strictObject({
  targets: z
    .array(z.string().min(1))
    .default([])
    .describe("Targets as `host:port`, or `host` for the scheme's port."),
  labels: z.record(z.string().min(1), scalarText()).default({}).describe("Labels of all these targets."),
});

export type StaticSdConfig = z.output<typeof staticSdSchema>;

/** Targets that are written in the config. */
export class StaticSource implements TargetSource {
  readonly #groups: readonly TargetGroup[];

  constructor(configs: readonly StaticSdConfig[]) {
    this.#groups = configs.map(({ targets, labels }, i) => ({
      source: String(i),
      labels,
      targets: targets.map((address) => ({ __address__: address })),
    }));
  }

  async start(listener: TargetListener): Promise<void> {
    listener.groups(this.#groups);
  }

  async close(): Promise<void> {}
}
