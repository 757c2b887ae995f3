export { DeltaConverter, DeltaCounts, type DeltaOptions } from "./delta-converter.ts";
export { PresenceKeeper } from "./presence-keeper.ts";
export { seriesKey } from "./series-key.ts";
export type { HistogramStreams, LayoutStreams, NumberStreams } from "./streams.ts";
