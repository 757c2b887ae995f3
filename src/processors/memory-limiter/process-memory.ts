import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** In bytes. */
export interface MemoryUse {
  /** Resident memory of the process, what the allocators have not given back included. */
  readonly resident: number;
  /** What is in use: the JavaScript heap, buffers outside it, and the program itself. */
  readonly live: number;
  /** Share of the heap that V8 allows itself; at 1 the process ends. */
  readonly heapShare: number;
}

export interface ProcessMemory {
  measure(): MemoryUse;
  collectGarbage(): void;
}

/** The memory that the process may use: that of its container, or the machine's. */
export function totalMemory(): number {
  const machine = totalmem();
  const container = process.constrainedMemory();
  return container > 0 && container < machine ? container : machine;
}

/** The memory of this process. */
export function processMemory(): ProcessMemory {
  const start = process.memoryUsage();
  // Code, stacks and native structures, which no later number shows by itself.
  const program = Math.max(0, start.rss - start.heapTotal - start.external);
  let collect: (() => void) | undefined;
  return {
    measure() {
      const { rss, heapUsed, external } = process.memoryUsage();
      const { heap_size_limit } = getHeapStatistics();
      return { resident: rss, live: program + heapUsed + external, heapShare: heapUsed / heap_size_limit };
    },
    collectGarbage() {
      collect ??= exposedGc();
      collect();
    },
  };
}

/** V8's own function, for which Node has no other way without a flag at its start. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
