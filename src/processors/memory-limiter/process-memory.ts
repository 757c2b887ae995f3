import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Footprint, type Measurement } from "./footprint.ts";

/** In bytes. */
export interface MemoryUse extends Measurement {
  /** What of it counts, see {@link Footprint}. */
  readonly needed: number;
  /** Whether resident memory has never been so high. */
  readonly isRecord: boolean;
  /** Share of the heap that V8 allows itself; at 1 the process ends. */
  readonly heapShare: number;
}

export interface ProcessMemory {
  measure(): MemoryUse;
  collectGarbage(): void;
  /** The same up to three times as slow; V8 also gives back to the system what it keeps at hand otherwise. */
  shrink(): void;
}

/** The memory that the process may use: that of its container, or the machine's. */
export function totalMemory(): number {
  const machine = totalmem();
  const container = process.constrainedMemory();
  return container > 0 && container < machine ? container : machine;
}

/** One for the process, since what it held before a reload created another limiter matters. */
export const processMemory = createProcessMemory();

function createProcessMemory(): ProcessMemory {
  const start = process.memoryUsage();
  // Code, stacks and native structures, which no later number shows by itself.
  const program = Math.max(0, start.rss - start.heapTotal - start.external);
  const read = (): Measurement => {
    const { rss, heapUsed, external } = process.memoryUsage();
    return { resident: rss, live: program + heapUsed + external };
  };
  const footprint = new Footprint(read());
  let gc: Gc | undefined;
  const collect = (...runs: readonly GcOptions[]) => {
    gc ??= exposedGc();
    for (const run of runs) gc(run);
    footprint.learn(read());
  };
  return {
    measure() {
      const measured = read();
      const isRecord = footprint.grow(measured);
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      const needed = footprint.needed(measured);
      return { ...measured, needed, isRecord, heapShare: used_heap_size / heap_size_limit };
    },
    // Buffers are freed in the background and count as in use until the next collection, which may be a small one.
    collectGarbage: () => collect({ type: "major", execution: "sync" }, { type: "minor", execution: "sync" }),
    shrink: () => collect({ type: "major", execution: "sync", flavor: "last-resort" }),
  };
}

interface GcOptions {
  readonly type: "major" | "minor";
  readonly execution: "sync";
  readonly flavor?: "last-resort";
}
type Gc = (options: GcOptions) => void;

/** V8's own function, for which Node has no other way without a flag at its start. */
function exposedGc(): Gc {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Gc;
}
