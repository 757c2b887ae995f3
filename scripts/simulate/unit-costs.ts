/** What one thing costs. Measured by `npm run simulate -- --measure` where nothing else is said. */
export interface UnitCosts {
  /** CPU of a scrape, whatever its size: connection, headers, schedule, request to the backend. */
  readonly cpuUsPerScrape: number;
  /** CPU of a sample from the socket to the backend's socket. */
  readonly cpuUsPerSample: number;
  /** Memory of a collector that scrapes nothing, and of a series that it follows. */
  readonly baseBytes: number;
  readonly bytesPerSeries: number;
  /** Compressed bytes of a sample as virt-handler sends it and as OTLP. */
  readonly scrapeBytesPerSample: number;
  readonly otlpBytesPerSample: number;
  /** CPU of a point in a gateway: decode, add metadata, encode, compress. */
  readonly gatewayCpuUsPerSample: number;
  readonly gatewayBaseBytes: number;
  /** Of `test/bench/kubernetes.ts`: JSON of an object, memory kept of it, CPU of the client for an event. */
  readonly apiBytesPerObject: number;
  readonly keptBytesPerObject: number;
  readonly cpuUsPerEvent: number;
}

/** Two cores of a shared x86-64 machine, Node.js 24; 6,000 samples of 100 machines a scrape, TLS, gzip level 1. */
export const measuredCosts: UnitCosts = {
  cpuUsPerScrape: 5000,
  cpuUsPerSample: 2.4,
  baseBytes: 190e6,
  bytesPerSeries: 2100,
  scrapeBytesPerSample: 23.2,
  otlpBytesPerSample: 11.7,
  gatewayCpuUsPerSample: 4,
  gatewayBaseBytes: 410e6,
  apiBytesPerObject: 6100,
  keptBytesPerObject: 1100,
  cpuUsPerEvent: 70,
};
