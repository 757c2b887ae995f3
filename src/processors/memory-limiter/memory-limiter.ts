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
import { TimeBudget } from "./time-budget.ts";

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
  readonly #collections: TimeBudget;
  readonly #shrinks: TimeBudget;
  #isRefusing = false;
  #cancel: (() => void) | undefined;

  constructor(settings: UpstreamSettings<MemoryLimiterConfig>, memory: ProcessMemory, totalBytes: number) {
    this.#settings = settings;
    this.#memory = memory;
    this.#limits = limitsOf(settings.config, totalBytes);
    const now = () => settings.clock.monotonic();
    this.#collections = new TimeBudget(now);
    this.#shrinks = new TimeBudget(now);
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
    if (this.#isShort(use) && this.#collections.allows(this.#minGcInterval(use))) use = this.#collect();
    this.#set(this.#isShort(use), use);
    this.#cancel = clock.schedule(config.check_interval, () => this.#check());
  }

  #isShort(use: MemoryUse): boolean {
    return use.needed >= this.#limits.soft || use.heapShare >= MAX_HEAP_SHARE || this.#isAboveHard(use);
  }

  /** Resident memory alone may stay above the limit, but must not grow there. */
  #isAboveHard({ needed, resident, isRecord }: MemoryUse): boolean {
    return needed >= this.#limits.hard || (isRecord && resident >= this.#limits.hard);
  }

  #minGcInterval(use: MemoryUse): number {
    const { min_gc_interval_when_hard_limited, min_gc_interval_when_soft_limited } = this.#settings.config;
    // Garbage alone is no reason to refuse data.
    if (!this.#isRefusing) return 0;
    return this.#isAboveHard(use) ? min_gc_interval_when_hard_limited : min_gc_interval_when_soft_limited;
  }

  /** Returns what is left. */
  #collect(): MemoryUse {
    this.#collections.run(() => this.#memory.collectGarbage());
    const use = this.#memory.measure();
    if (!this.#isShort(use) && use.resident < this.#limits.hard) return use;
    if (!this.#shrinks.allows()) return use;
    this.#shrinks.run(() => this.#memory.shrink());
    return this.#memory.measure();
  }

  #set(isRefusing: boolean, { resident, live, needed }: MemoryUse): void {
    const { reportStatus, logger } = this.#settings;
    if (isRefusing === this.#isRefusing) return;
    this.#isRefusing = isRefusing;
    const fields = {
      needed_bytes: needed,
      live_bytes: live,
      resident_bytes: resident,
      soft_limit_bytes: this.#limits.soft,
    };
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
