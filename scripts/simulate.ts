/**
 * What a cluster would ask of the API server, the network and the collectors, from measured unit costs:
 * `npm run simulate [-- --nodes 10000 --vmis 100 --interval 30 …]`. With `--measure` the costs are measured anew on this
 * machine (a minute; needs a built package) in place of those in scripts/simulate/unit-costs.ts.
 */
import { parseArgs } from "node:util";
import { measureGateway, measureScraping } from "./simulate/measure.ts";
import { type Load, type Scenario, simulate, type Topology } from "./simulate/model.ts";
import { measuredCosts, type UnitCosts } from "./simulate/unit-costs.ts";

const options = {
  nodes: { type: "string", default: "10000" },
  vmis: { type: "string", default: "100" },
  samples: { type: "string", default: "60" },
  interval: { type: "string", default: "30" },
  "vmi-events": { type: "string", default: "6" },
  "pod-events": { type: "string", default: "1" },
  "shard-nodes": { type: "string", default: "50" },
  "gateway-cpu": { type: "string", default: "0.7" },
  measure: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const { values } = parseArgs({ options });

function number(name: Exclude<keyof typeof values, "measure" | "json">): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, got ${values[name]}`);
  return value;
}

const scenario: Scenario = {
  nodes: number("nodes"),
  vmisPerNode: number("vmis"),
  samplesPerVmi: number("samples"),
  intervalSeconds: number("interval"),
  vmiEventsPerHour: number("vmi-events"),
  podEventsPerHour: number("pod-events"),
  nodesPerShard: number("shard-nodes"),
  gatewayCpuTarget: number("gateway-cpu"),
};

const costs = values.measure ? await measureCosts() : measuredCosts;
const topologies: readonly Topology[] = ["node", "cluster", "gateway"];
const loads = topologies.map((topology) => simulate(topology, scenario, costs));
if (values.json) console.log(JSON.stringify({ scenario, costs, loads }, null, 2));
else report(loads);

/** Two sizes of scrapes part what a scrape costs from what a sample does, two numbers of targets the memory. */
async function measureCosts(): Promise<UnitCosts> {
  const small = await measureScraping({ targets: 1, vmisPerTarget: 10, intervalMs: 1000 });
  const large = await measureScraping({ targets: 1, vmisPerTarget: 100, intervalMs: 1000 });
  const many = await measureScraping({ targets: 20, vmisPerTarget: 100, intervalMs: 2000 });
  const gateway = await measureGateway(large.requests, large.samples, 10);
  const [smallUs, largeUs] = [small, large].map(
    ({ cpuUsPerSample, samples }) => cpuUsPerSample * samples,
  ) as [number, number];
  const cpuUsPerSample = (largeUs - smallUs) / (large.samples - small.samples);
  const bytesPerSeries = (many.residentBytes - large.residentBytes) / (many.samples - large.samples);
  return {
    ...measuredCosts,
    cpuUsPerScrape: Math.max(0, smallUs - cpuUsPerSample * small.samples),
    cpuUsPerSample,
    baseBytes: large.residentBytes - bytesPerSeries * large.samples,
    bytesPerSeries,
    scrapeBytesPerSample: large.inBytesPerSample,
    otlpBytesPerSample: large.outBytesPerSample,
    gatewayCpuUsPerSample: gateway.cpuUsPerSample,
    gatewayBaseBytes: gateway.residentBytes,
  };
}

function report(all: readonly Load[]): void {
  const { nodes, vmisPerNode, intervalSeconds } = scenario;
  console.log(`${nodes} nodes, ${vmisPerNode} machines each, a scrape every ${intervalSeconds} s\n`);
  const count = (value: number) => value.toLocaleString("en", { maximumSignificantDigits: 3 });
  const rows: readonly (readonly [string, (load: Load) => string])[] = [
    ["scrapes/s", (load) => count(load.scrapesPerSecond)],
    ["samples/s", (load) => count(load.samplesPerSecond)],
    ["scraped MB/s", (load) => count(load.scrapeBytesPerSecond / 1e6)],
    ["to the backend MB/s", (load) => count(load.egressBytesPerSecond / 1e6)],
    ["agents to gateway MB/s", (load) => count(load.internalBytesPerSecond / 1e6)],
    ["API watches", (load) => count(load.apiWatches)],
    ["API objects listed at start", (load) => count(load.apiListObjects)],
    ["API bytes listed at start, GB", (load) => count(load.apiListBytes / 1e9)],
    ["API events sent/s", (load) => count(load.apiEventsPerSecond)],
    ["API selector checks/s", (load) => count(load.apiComparisonsPerSecond)],
    ["API MB/s", (load) => count(load.apiBytesPerSecond / 1e6)],
    [
      "processes",
      (load) => load.parts.map(({ processes, name }) => `${count(processes)} ${name}`).join(" + "),
    ],
    ["cores each", (load) => load.parts.map(({ cpuCoresEach }) => count(cpuCoresEach)).join(" + ")],
    [
      "memory each, MB",
      (load) => load.parts.map(({ memoryBytesEach }) => count(memoryBytesEach / 1e6)).join(" + "),
    ],
    [
      "cores in all",
      (load) => count(load.parts.reduce((sum, part) => sum + part.processes * part.cpuCoresEach, 0)),
    ],
    [
      "memory in all, GB",
      (load) => count(load.parts.reduce((sum, part) => sum + part.processes * part.memoryBytesEach, 0) / 1e9),
    ],
  ];
  const table = [
    ["", ...all.map(({ topology }) => topology)],
    ...rows.map(([name, of]) => [name, ...all.map(of)]),
  ];
  for (const [name = "", ...cells] of table)
    console.log(`${name.padEnd(30)}${cells.map((cell) => cell.padStart(26)).join("")}`);
}
