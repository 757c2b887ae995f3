export { CumulativeConverter, CumulativeCounts, type CumulativeOptions } from "./cumulative-converter.ts";
export { DeltaConverter, DeltaCounts, type DeltaOptions } from "./delta-converter.ts";
export { type StreamedLayout, streamLayout } from "./layout-streams.ts";
export { PresenceKeeper } from "./presence-keeper.ts";
export { seriesKey } from "./series-key.ts";
export { StartCounts, type StartStrategy, StartTimes, type StartTimesOptions } from "./start-times.ts";
export { StreamTelemetry, type StreamTelemetryTexts } from "./stream-telemetry.ts";
export type { HistogramStreams, LayoutStreams, NumberStreams } from "./streams.ts";
