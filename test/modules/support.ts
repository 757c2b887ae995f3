import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { type LoadedConfig, loadConfig, Service, type ServiceSettings } from "../../src/service/index.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { gaugeBatch, quiet, type Recorded, recordingComponents } from "../support/components.ts";

export const { components, recorded } = recordingComponents();

/** Files in a directory of their own, far from any node_modules. */
export async function directory(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "modules-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

export const CONFIG = (module: string, processors = "tenant: {}", use = "tenant") => `
receivers: { rec: }
processors: { ${processors} }
exporters: { rec: }
service:
  modules:
    - ${module}
  pipelines: { metrics: { receivers: [rec], processors: [${use}], exporters: [rec] } }
`;

export function load(root: string, file = "config.yaml"): Promise<LoadedConfig> {
  return loadConfig({ uris: [join(root, file)], env: {}, cwd: root }, components);
}

export async function problemOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await directory(t, files);
  const { config, diagnostics } = await load(root);
  assert.equal(config, undefined);
  return formatDiagnostics(diagnostics.items);
}

/** A logger that keeps what is worth a look, from warnings on unless `levels` says otherwise. */
export function keepingLogger(
  logs: LogFields[],
  levels: readonly ("info" | "warn" | "error")[] = ["warn", "error"],
): Logger {
  const note = (msg: string, fields?: LogFields) => logs.push({ msg, ...fields });
  const logger: Logger = {
    ...silentLogger,
    ...Object.fromEntries(levels.map((level) => [level, note])),
    child: () => logger,
  };
  return logger;
}

/** Sends one batch through a service and returns what arrived; `logs` takes the warnings and errors. */
export async function run(
  loaded: LoadedConfig,
  logs: LogFields[] = [],
  settings: Partial<ServiceSettings> = {},
): Promise<Recorded> {
  assert.ok(loaded.config, formatDiagnostics(loaded.diagnostics.items));
  recorded.received.clear();
  const service = new Service(loaded.config, { ...quiet, logger: keepingLogger(logs), ...settings });
  await service.start();
  try {
    await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  } finally {
    await service.shutdown();
  }
  return recorded;
}
