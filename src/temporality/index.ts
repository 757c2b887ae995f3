export { DeltaConverter, type DeltaCounts, type DeltaOptions } from "./delta-converter.ts";
export { PresenceKeeper } from "./presence-keeper.ts";
export { seriesKey } from "./series-key.ts";
export type { CumulativeStreams, HistogramStreams, NumberStreams } from "./streams.ts";
