import { rename, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import type { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import {
  configOf,
  type FaultPipelineOptions,
  type OwnMetrics,
  ownMetrics,
  prepare,
  READY,
  startCollector,
} from "./pipeline.ts";

const IN_FORCE = "The new configuration is in force.";
export type Changes = Partial<FaultPipelineOptions>;

export interface Rig {
  readonly targets: NumberedTargets;
  readonly collector: CollectorProcess;
  readonly config: (changes?: Changes, storage?: boolean) => Config;
  readonly scrapes: (count: number) => Promise<void>;
  readonly write: (content: Config) => Promise<void>;
  /** Settles when it is in force. */
  readonly reload: (content: Config) => Promise<void>;
  /** The backend at its old address. */
  readonly backend: () => Promise<OtlpSink>;
  /** Own metrics as soon as they hold, asked for again and again: between scrapes nothing is on its way. */
  readonly until: (holds: (metrics: OwnMetrics) => boolean) => Promise<OwnMetrics>;
}

export interface Config extends Readonly<Record<string, unknown>> {
  readonly service: Readonly<Record<string, unknown>>;
}

/** A collector under load whose backend is away, and ways to change its configuration and to bring the backend back. */
export async function startRig(
  t: TestContext,
  persistent: boolean,
  shutdown_timeout: string,
  always: Omit<Changes, "directory"> = {},
): Promise<Rig> {
  const targets = await NumberedTargets.start(t, 3);
  const former = await OtlpSink.start();
  const { endpoint, port } = former;
  await former.close();
  const base = { targets, endpoint, interval: "500ms", ...always };
  const { configPath, directory } = await prepare(t, base);
  const config = (changes: Changes = {}, storage = persistent): Config => {
    const it = configOf({ ...base, directory: storage ? directory : undefined, ...changes });
    return { ...it, service: { ...(it["service"] as object), shutdown_timeout } };
  };
  const write = async (content: Config) => {
    await writeFile(`${configPath}.new`, JSON.stringify(content));
    await rename(`${configPath}.new`, configPath);
  };
  await write(config());
  const collector = await startCollector(t, configPath);
  await collector.untilLog(READY);
  let reloads = 0;
  return {
    targets,
    collector,
    config,
    write,
    scrapes: (count: number) => collector.within(targets.more(count), "scrapes"),
    async reload(content) {
      await write(content);
      collector.signal("SIGHUP");
      reloads++;
      const done = () => collector.logs.filter(({ msg }) => msg === IN_FORCE).length === reloads;
      await collector.until(done, "the new configuration");
    },
    async backend() {
      const sink = await OtlpSink.start({ port });
      t.after(() => sink.close());
      return sink;
    },
    async until(holds) {
      for (;;) {
        const metrics = await ownMetrics(collector);
        if (holds(metrics)) return metrics;
      }
    },
  };
}
