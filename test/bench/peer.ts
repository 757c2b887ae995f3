/**
 * `npm run bench:peer [VMIS]`: this collector, OpenTelemetry's and Datadog's check, one after the other in one run, each
 * as a process that scrapes the same virt-handler once a second over TLS. The collectors also send gzip-compressed OTLP;
 * what the check submits is thrown away. Needs Go and Python; the first run builds and installs, which takes minutes.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handlerSet } from "../../src/processors/kubevirt-handler/index.ts";
import { buildCollector } from "../interop/peers.ts";
import { benchCollector, benchPrometheusReceiver, scrapeConfigOf } from "./collector.ts";
import { median } from "./measure.ts";
import { measureScraping, type ScrapeResult } from "./scrape-rig.ts";

const ROUNDS = 3;
const DATADOG = join(import.meta.dirname, "datadog-check");

function benchPeer(vmis: number, binary: string): Promise<ScrapeResult> {
  return measureScraping(vmis, async (rig) => {
    const config = {
      receivers: { prometheus: { config: scrapeConfigOf(rig) } },
      exporters: { otlp_http: { endpoint: rig.endpoint } },
      service: {
        telemetry: { logs: { level: "warn" }, metrics: { level: "none" } },
        pipelines: { metrics: { receivers: ["prometheus"], exporters: ["otlp_http"] } },
      },
    };
    const path = join(rig.directory, "peer.yaml");
    await writeFile(path, JSON.stringify(config));
    return [binary, "--config", path];
  });
}

/** A Python with the check's packages, kept in the directory for temporary files. */
function installDatadogCheck(): string {
  const directory = join(tmpdir(), "otelcol-kubevirt-interop", "datadog-check");
  const python = join(directory, "bin", "python");
  if (!existsSync(python)) execFileSync("python3", ["-m", "venv", directory]);
  execFileSync(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--requirement",
    join(DATADOG, "requirements.txt"),
  ]);
  return python;
}

function benchDatadogCheck(vmis: number, python: string): Promise<ScrapeResult> {
  return measureScraping(vmis, async ({ target, caFile, endpoint }) => {
    const metrics = handlerSet.families.map(({ family, name }) => ({
      [family.replace(/_total$/, "")]: name,
    }));
    const instance = {
      openmetrics_endpoint: `https://${target}/metrics`,
      tls_ca_cert: caFile,
      rename_labels: { namespace: "vm_namespace" },
      metrics,
    };
    return [python, join(DATADOG, "run.py"), JSON.stringify({ instance, endpoint })];
  });
}

const vmis = Number(process.argv[2] ?? 1000);
const binary = await buildCollector();
const python = installDatadogCheck();
const contenders = {
  "this collector, kubevirt_handler receiver and processor": () => benchCollector(vmis),
  "this collector, prometheus receiver": () => benchPrometheusReceiver(vmis),
  "OpenTelemetry Collector, prometheus receiver": () => benchPeer(vmis, binary),
  "Datadog's OpenMetrics check, documented metrics": () => benchDatadogCheck(vmis, python),
};
const results = new Map<string, ScrapeResult[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    results.set(name, [...(results.get(name) ?? []), await run()]);
  }
}
const medians = [...results].map(([name, runs]) => ({
  name,
  microseconds: median(runs.map((run) => run.microseconds)),
  rssMb: median(runs.map((run) => run.rssMb)),
}));
const own = medians[0]?.microseconds ?? Number.NaN;
console.log(`\n${vmis} VMIs, ${vmis * 60} samples a second, medians of ${ROUNDS} rounds`);
for (const { name, microseconds, rssMb } of medians) {
  const figures = `${microseconds.toFixed(2).padStart(7)} µs/sample ${rssMb.toFixed(0).padStart(5)} MB resident`;
  console.log(`  ${name.padEnd(56)} ${figures}  ${(microseconds / own).toFixed(2).padStart(6)}x`);
}
