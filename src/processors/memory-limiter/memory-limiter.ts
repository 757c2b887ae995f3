import {
  type Component,
  type Consumer,
  RetryableError,
  type UpstreamSettings,
} from "../../component/index.ts";
import type { Batch } from "../../metrics/index.ts";
import type { MemoryLimiterConfig } from "./config.ts";
import { type Limits, limitsOf } from "./limits.ts";
import type { MemoryUse, ProcessMemory } from "./process-memory.ts";
import { MemoryLimiterTelemetry } from "./telemetry.ts";

/** V8 ends the process when the heap is full, whatever memory there is besides. */
const MAX_HEAP_SHARE = 0.9;

/**
 * Refuses data while the process is short of memory. The refusal can be retried and says when: receivers pass it on to
 * those who send, scrapers keep what they have and make no further scrape.
 */
export class MemoryLimiter implements Component, Consumer {
  readonly #settings: UpstreamSettings<MemoryLimiterConfig>;
  readonly #memory: ProcessMemory;
  readonly #limits: Limits;
  readonly #telemetry: MemoryLimiterTelemetry;
  #isRefusing = false;
  #lastGc = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(settings: UpstreamSettings<MemoryLimiterConfig>, memory: ProcessMemory, totalBytes: number) {
    this.#settings = settings;
    this.#memory = memory;
    this.#limits = limitsOf(settings.config, totalBytes);
    this.#telemetry = new MemoryLimiterTelemetry(settings.meter, settings.id);
  }

  start(): void {
    const { soft, hard } = this.#limits;
    const mib = (bytes: number) => Math.round(bytes / 1024 / 1024);
    this.#settings.logger.info("Memory limiter configured.", {
      soft_limit_mib: mib(soft),
      limit_mib: mib(hard),
    });
    this.#check();
  }

  shutdown(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async consume(batch: Batch): Promise<void> {
    const points = batch.pointCount;
    if (this.#isRefusing) {
      this.#telemetry.refused(points);
      throw new RetryableError("data refused due to high memory usage", {
        retryAfterMs: this.#settings.config.check_interval,
      });
    }
    this.#telemetry.accepted(points);
    await this.#settings.next.consume(batch);
  }

  #check(): void {
    const { clock, config } = this.#settings;
    let use = this.#memory.measure();
    if (this.#isShort(use) && this.#collectGarbage(use)) use = this.#memory.measure();
    this.#set(this.#isShort(use), use);
    this.#cancel = clock.schedule(config.check_interval, () => this.#check());
  }

  /**
   * Allocators keep what was given back to them and use it again, so resident memory alone may stay high for good. It
   * counts while at least half of what the soft limit allows is in use; what is in use counts always.
   */
  #isShort({ resident, live, heapShare }: MemoryUse): boolean {
    const { soft } = this.#limits;
    return live >= soft || (resident >= soft && live >= soft / 2) || heapShare >= MAX_HEAP_SHARE;
  }

  /** Whether it did: a collection stops everything else for a while, so not at every look. */
  #collectGarbage({ live, resident }: MemoryUse): boolean {
    const { clock, config } = this.#settings;
    const isHard = Math.max(live, resident) >= this.#limits.hard;
    const interval = isHard
      ? config.min_gc_interval_when_hard_limited
      : config.min_gc_interval_when_soft_limited;
    if (clock.monotonic() - this.#lastGc < interval) return false;
    this.#memory.collectGarbage();
    this.#lastGc = clock.monotonic();
    return true;
  }

  #set(isRefusing: boolean, { resident, live }: MemoryUse): void {
    const { reportStatus, logger } = this.#settings;
    if (isRefusing === this.#isRefusing) return;
    this.#isRefusing = isRefusing;
    const fields = { resident_bytes: resident, live_bytes: live, soft_limit_bytes: this.#limits.soft };
    if (isRefusing) {
      logger.warn("Memory usage is above soft limit. Refusing data.", fields);
      reportStatus({
        status: "recoverable_error",
        error: new RetryableError("data refused due to high memory usage"),
      });
    } else {
      logger.info("Memory usage back within limits. Resuming normal operation.", fields);
      reportStatus({ status: "ok" });
    }
  }
}
