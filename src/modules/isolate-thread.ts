import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { clientContext, type ProcessorDefinition, systemClock } from "../component/index.ts";
import { Batch, type MetricsBatch } from "../metrics/index.ts";
import { importModule } from "./import-module.ts";
import {
  type Answer,
  type Note,
  type Request,
  STARTED,
  type ThreadData,
  toThreadError,
} from "./thread-messages.ts";
import { postingLogger, postingMeter } from "./thread-notes.ts";

const { file, type, id, config, build, levels } = workerData as ThreadData;
const port = parentPort as NonNullable<typeof parentPort>;
const post = (message: Answer | Note) => port.postMessage(message);

const { definitions } = await importModule(file, dirname(file));
const definition = definitions.find((d) => d.kind === "processor" && d.type === type) as ProcessorDefinition;

let handedOn: MetricsBatch[] = [];
const processor = definition.create({
  id,
  config,
  build,
  logger: postingLogger(post, levels),
  meter: postingMeter(post),
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
post({ kind: "done", number: STARTED, batches: handedOn });

// One request after the other, so that what is handed on belongs to the request under way.
let last: Promise<unknown> = Promise.resolve();
port.on("message", (request: Request) => {
  last = last.then(() => answer(request));
});

async function answer(request: Request): Promise<void> {
  const { number } = request;
  handedOn = [];
  try {
    if (request.kind === "process") {
      const batch = Batch.from(request.batch);
      await clientContext.run(request.client, () => processor.consume(batch));
    } else await processor.shutdown?.(request.drainMs);
    post({ kind: "done", number, batches: handedOn });
  } catch (error) {
    post({ kind: "failed", number, error: toThreadError(error) });
  }
}
