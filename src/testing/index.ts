/** What tests import as `otelcol-kubevirt/testing`: batches, pipelines, and metrics as text that compares readably. */
export { type Comparison, compareText } from "./compare-text.ts";
export { type FormatOptions, formatMetrics } from "./format-metrics.ts";
export { ManualClock } from "./manual-clock.ts";
export { type PipelineTest, pipelineTestSchema } from "./pipeline-test-schema.ts";
export { PipelineUnderTest, type ScrapeInput } from "./pipeline-under-test.ts";
export {
  type PipelineTestResult,
  type RunOptions,
  runPipelineTest,
  type StepResult,
} from "./run-pipeline-test.ts";
export { runProcessor } from "./run-processor.ts";
