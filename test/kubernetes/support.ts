import { type Clock, systemClock } from "../../src/component/index.ts";
import type { KubernetesHost } from "../../src/kubernetes/index.ts";
import type { LogFields, Logger } from "../../src/telemetry/index.ts";
import type { Cleanup } from "../support/certificates.ts";
import type { FakeKubernetes } from "../support/fake-kubernetes.ts";
import { recordingMeter } from "./recording-meter.ts";

/** Waits a hundredth of what it is asked to: back-offs pass quickly, their order stays. */
export const hastyClock: Clock = {
  ...systemClock,
  schedule: (delayMs, task) => systemClock.schedule(delayMs / 100, task),
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export function recordingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  const logger = {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
    isEnabled: () => true,
  };
  return logger;
}

/** A host as a component in a pod would give it, with what it logged, measured and said of its health. */
export async function podHost(cleanup: Cleanup, fake: FakeKubernetes, clock: Clock = hastyClock) {
  const { environment, directory } = await fake.serviceAccount(cleanup);
  const logger = recordingLogger();
  const meter = recordingMeter();
  const problems: unknown[] = [];
  const host: KubernetesHost = {
    logger,
    meter,
    clock,
    userAgent: "test/0",
    telemetryAttributes: { receiver: "test" },
    onHealth: (error) => problems.push(error),
    environment,
    serviceAccountDirectory: directory,
  };
  return { ...host, host, logger, meter, directory, problems };
}

/** Resolves when the condition holds, looking at it after every turn of the event loop. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
