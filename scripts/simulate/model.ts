import type { UnitCosts } from "./unit-costs.ts";

export type Topology = "node" | "cluster" | "gateway";

/** A cluster, and how lively it is. */
export interface Scenario {
  readonly nodes: number;
  readonly vmisPerNode: number;
  readonly samplesPerVmi: number;
  readonly intervalSeconds: number;
  /** Changes that the API tells of each machine in an hour: starts, migrations, conditions, guest agent. */
  readonly vmiEventsPerHour: number;
  /** Likewise of each virt-handler's pod; readiness, restarts, updates. */
  readonly podEventsPerHour: number;
  /** Nodes of one shard. */
  readonly nodesPerShard: number;
  /** Highest use of a core that a gateway is planned with. */
  readonly gatewayCpuTarget: number;
}

/** Load of one kind of process. */
export interface Part {
  readonly name: string;
  readonly processes: number;
  readonly cpuCoresEach: number;
  readonly memoryBytesEach: number;
}

export interface Load {
  readonly topology: Topology;
  readonly scrapesPerSecond: number;
  readonly samplesPerSecond: number;
  readonly scrapeBytesPerSecond: number;
  readonly egressBytesPerSecond: number;
  /** Between agents and gateway. */
  readonly internalBytesPerSecond: number;
  readonly apiWatches: number;
  /** Objects and bytes that are listed when everything starts at once. */
  readonly apiListObjects: number;
  readonly apiListBytes: number;
  /** Events that the API server sends, and how often it compares an event with the selector of a watch. */
  readonly apiEventsPerSecond: number;
  readonly apiComparisonsPerSecond: number;
  readonly apiBytesPerSecond: number;
  readonly parts: readonly Part[];
}

/** Watches of a collector on pods and on the ConfigMap. */
const TARGET_WATCHES = 2;

/** The load of a topology, from what one thing costs. */
export function simulate(topology: Topology, scenario: Scenario, costs: UnitCosts): Load {
  const { nodes, vmisPerNode, samplesPerVmi, intervalSeconds } = scenario;
  const series = nodes * vmisPerNode * samplesPerVmi;
  const samplesPerSecond = series / intervalSeconds;
  const scrapesPerSecond = nodes / intervalSeconds;
  const machines = nodes * vmisPerNode;
  const podEvents = (nodes * scenario.podEventsPerHour) / 3600;
  const vmiEvents = (machines * scenario.vmiEventsPerHour) / 3600;

  const shards = Math.ceil(nodes / scenario.nodesPerShard);
  const gateways = Math.max(
    2,
    Math.ceil((samplesPerSecond * costs.gatewayCpuUsPerSample) / 1e6 / scenario.gatewayCpuTarget),
  );
  const scrapers = topology === "cluster" ? shards : nodes;
  // Pods are selected by the API server's index of nodes; shards each follow all of them. Machines have no index.
  const podReaders = topology === "cluster" ? shards : 1;
  const vmiReaders = topology === "node" ? 1 : topology === "cluster" ? shards : gateways;
  const vmiWatches = topology === "node" ? nodes : vmiReaders;

  const listed = nodes * podReaders + machines * vmiReaders + scrapers;
  const events = podEvents * podReaders + vmiEvents * vmiReaders;
  const scrapeCpu = (scrapesPerSecond * costs.cpuUsPerScrape + samplesPerSecond * costs.cpuUsPerSample) / 1e6;
  const known = (objects: number) => objects * costs.keptBytesPerObject;
  const perScraper = {
    pods: topology === "cluster" ? nodes : 1,
    machines: topology === "gateway" ? 0 : topology === "cluster" ? machines : vmisPerNode,
  };
  const scraperEvents = (events - (topology === "gateway" ? vmiEvents * vmiReaders : 0)) / scrapers;
  const otlp = samplesPerSecond * costs.otlpBytesPerSample;
  const parts: Part[] = [
    {
      name: topology === "gateway" ? "agent" : topology,
      processes: scrapers,
      cpuCoresEach: scrapeCpu / scrapers + (scraperEvents * costs.cpuUsPerEvent) / 1e6,
      memoryBytesEach:
        costs.baseBytes +
        (series / scrapers) * costs.bytesPerSeries +
        known(perScraper.pods + perScraper.machines),
    },
  ];
  if (topology === "gateway") {
    parts.push({
      name: "gateway",
      processes: gateways,
      cpuCoresEach:
        (samplesPerSecond * costs.gatewayCpuUsPerSample) / 1e6 / gateways +
        (vmiEvents * costs.cpuUsPerEvent) / 1e6,
      memoryBytesEach: costs.gatewayBaseBytes + known(machines),
    });
  }
  return {
    topology,
    scrapesPerSecond,
    samplesPerSecond,
    scrapeBytesPerSecond: samplesPerSecond * costs.scrapeBytesPerSample,
    egressBytesPerSecond: otlp,
    internalBytesPerSecond: topology === "gateway" ? otlp : 0,
    apiWatches: scrapers * TARGET_WATCHES + vmiWatches,
    apiListObjects: listed,
    apiListBytes: listed * costs.apiBytesPerObject,
    apiEventsPerSecond: events,
    apiComparisonsPerSecond: vmiEvents * vmiWatches,
    apiBytesPerSecond: events * costs.apiBytesPerObject,
    parts,
  };
}
