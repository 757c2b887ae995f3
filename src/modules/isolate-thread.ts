import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { createNoopMeter } from "@opentelemetry/api";
import { type ProcessorDefinition, systemClock } from "../component/index.ts";
import { errorText } from "../errors/index.ts";
import { Batch, type MetricsBatch } from "../metrics/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { importModule } from "./import-module.ts";
import { type Answer, type Request, STARTED, type ThreadData } from "./isolate.ts";

const { file, type, id, config, build } = workerData as ThreadData;
const port = parentPort as NonNullable<typeof parentPort>;

const { definitions } = await importModule(file, dirname(file));
const definition = definitions.find((d) => d.kind === "processor" && d.type === type) as ProcessorDefinition;

let handedOn: MetricsBatch[] = [];
const processor = definition.create({
  id,
  config,
  build,
  logger: createLogger({
    level: "info",
    encoding: "json",
    write: (line) => process.stderr.write(line),
  }).child({
    "otelcol.component.id": id,
  }),
  meter: createNoopMeter(),
  clock: systemClock,
  reportStatus() {},
  next: {
    async consume(batch) {
      handedOn.push(batch.resourceMetrics);
    },
  },
});
// What this throws ends the thread, with the error.
await processor.start?.({ extension: () => undefined });
port.postMessage({ number: STARTED, batches: handedOn } satisfies Answer);

// One request after the other, so that what is handed on belongs to the request under way.
let last: Promise<unknown> = Promise.resolve();
port.on("message", (request: Request) => {
  last = last.then(() => answer(request));
});

async function answer(request: Request): Promise<void> {
  handedOn = [];
  let message: Answer;
  try {
    if (request.kind === "process") await processor.consume(Batch.from(request.batch));
    else await processor.shutdown?.(request.drainMs);
    message = { number: request.number, batches: handedOn };
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    message = { number: request.number, error: errorText(error), stack };
  }
  port.postMessage(message);
}
