import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startVirtHandler } from "../../examples/virt-handler-sim/index.ts";
import { formatDiagnostics } from "../config/index.ts";
import { components } from "../distribution/index.ts";
import { handlerSet, metricsOfFamily } from "../processors/kubevirt-handler/index.ts";
import { loadConfig, Service } from "../service/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { DemoBackend } from "./demo-backend.ts";
import { noMeter } from "./meter.ts";
import { packageFile } from "./package-file.ts";
import { awaitSignals } from "./signals.ts";
import { table } from "./table.ts";
import type { Command, Terminal } from "./terminal.ts";
import { version } from "./version.ts";

const ONCE_TIMEOUT_MS = 30_000;

const documented = [...handlerSet.direct, ...handlerSet.families.flatMap(metricsOfFamily)].map(
  ({ name }) => name,
);

export const demoCommand: Command = {
  summary: "try it out: a simulated virt-handler, the default pipeline and an OTLP backend in one process",
  usage: `Usage: otelcol-kubevirt demo [--once] [--vms N]

  --once    exit 0 as soon as all documented metrics have arrived, 1 if they do not within ${ONCE_TIMEOUT_MS / 1000} seconds
  --vms N   virtual machines to simulate (default 3)`,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: "boolean", default: false }, vms: { type: "string", default: "3" } },
    });
    const vms = Number(values.vms);
    if (!Number.isSafeInteger(vms) || vms < 1)
      throw new Error(`--vms must be a whole number above 0, got ${values.vms}`);
    const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-demo-"));
    const backend = await DemoBackend.listen();
    const handler = await startVirtHandler({ vms, lively: true });
    try {
      const caFile = join(directory, "ca.pem");
      await writeFile(caFile, handler.caPem);
      const service = await buildService(terminal, {
        OTLP_ENDPOINT: backend.url,
        KUBEVIRT_METRICS_ENDPOINT: handler.metricsUrl,
        KUBEVIRT_CA_FILE: caFile,
        KUBEVIRT_SERVER_NAME: "virt-handler.kubevirt.svc",
        KUBEVIRT_POD_NAME: "virt-handler-demo",
        KUBEVIRT_NODE_NAME: "node01",
        KUBEVIRT_CLUSTER_NAME: "demo",
        KUBEVIRT_COLLECTION_INTERVAL: "2s",
      });
      if (service === undefined) return 1;
      terminal.out(
        `simulated virt-handler: ${handler.metricsUrl}\nembedded OTLP backend: ${backend.url}\n\n`,
      );
      await service.start();
      try {
        return values.once ? await once(backend, terminal) : await live(backend, terminal);
      } finally {
        await service.shutdown();
      }
    } finally {
      await Promise.all([handler.close(), backend.close()]);
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** The packaged default configuration with the demo's addresses in place of the environment's. */
async function buildService(terminal: Terminal, env: Record<string, string>): Promise<Service | undefined> {
  const { config, diagnostics } = await loadConfig(
    { uris: [packageFile("otel-config.yaml")], env: { ...terminal.env, ...env }, cwd: terminal.cwd },
    components,
  );
  if (config === undefined) {
    terminal.err(`${formatDiagnostics(diagnostics.items)}\n`);
    return undefined;
  }
  const logger = createLogger({
    level: "warn",
    encoding: "console",
    write: (line) => terminal.err(line),
    colour: terminal.errIsTerminal,
  });
  return new Service(config, { logger, meter: noMeter, build: { command: "otelcol-kubevirt", version } });
}

async function once(backend: DemoBackend, terminal: Terminal): Promise<number> {
  const complete = await backend.waitFor(documented, ONCE_TIMEOUT_MS);
  terminal.out(report(backend));
  const missing = documented.filter((name) => !backend.received.has(name));
  terminal.out(
    `\n${documented.length - missing.length} of ${documented.length} documented metrics arrived\n`,
  );
  for (const name of missing) terminal.out(`missing: ${name}\n`);
  return complete ? 0 : 1;
}

async function live(backend: DemoBackend, terminal: Terminal): Promise<number> {
  const signals = awaitSignals();
  const stopListening = backend.onRequest(() => terminal.out(`${report(backend)}\n`));
  await signals.stop;
  stopListening();
  signals.close();
  return 0;
}

/** The documented metrics as the backend has them, latest values. */
function report(backend: DemoBackend): string {
  const rows = documented
    .map((name) => backend.received.get(name))
    .filter((metric) => metric !== undefined)
    .map(({ name, kind, unit, points, example }) => [name, kind, unit, String(points), example]);
  return table(["metric", "kind", "unit", "points", "example"], rows);
}
