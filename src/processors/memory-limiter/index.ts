import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { MemoryLimiter } from "./memory-limiter.ts";
import { processMemory, totalMemory } from "./process-memory.ts";

export default defineProcessor({
  type: "memory_limiter",
  stability: "beta",
  description: "Refuses data while the process is short of memory.",
  config: configSchema,
  create: (settings) => new MemoryLimiter(settings, processMemory, totalMemory()),
});
