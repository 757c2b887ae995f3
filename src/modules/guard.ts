import type { Component, Consumer, Definition, Settings, UpstreamSettings } from "../component/index.ts";
import { errorText } from "../errors/index.ts";
import type { Batch } from "../metrics/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { placeOf } from "./import-module.ts";
import type { ModuleOptions } from "./module-schema.ts";
import { watchdog } from "./watchdog.ts";

/** A definition of a custom module behind a guard: what its code throws, or takes too long for, is told and counted. */
export function guarded(definition: Definition, options: ModuleOptions, revision: string): Definition {
  const create = (settings: UpstreamSettings<unknown>): Component & Partial<Consumer> => {
    const downstream = new DownstreamErrors(settings.next);
    const component = definition.create({ ...settings, next: downstream }) as Component & Partial<Consumer>;
    return new Guard(component, downstream, settings, options);
  };
  // The kind, and with it the type of create, is the definition's own.
  return { ...definition, revision, create } as unknown as Definition;
}

/** Passes on what a component hands to the next one, and remembers whose fault an error was. */
class DownstreamErrors implements Consumer {
  readonly #next: Consumer | undefined;
  readonly #seen = new WeakSet<object>();
  /** Calls that are under way: time spent in them is not the component's. */
  active = 0;
  calls = 0;

  constructor(next: Consumer | undefined) {
    this.#next = next;
  }

  has(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#seen.has(error);
  }

  async consume(batch: Batch): Promise<void> {
    this.active++;
    this.calls++;
    try {
      await this.#next?.consume(batch);
    } catch (error) {
      if (typeof error === "object" && error !== null) this.#seen.add(error);
      throw error;
    } finally {
      this.active--;
    }
  }
}

class Guard implements Component, Consumer {
  readonly #component: Component & Partial<Consumer>;
  readonly #downstream: DownstreamErrors;
  readonly #options: ModuleOptions;
  readonly #id: string;
  readonly #logger: Logger;
  readonly #next: Consumer | undefined;
  readonly #clock: Settings<unknown>["clock"];
  readonly #count: (event: "error" | "slow") => void;

  constructor(
    component: Component & Partial<Consumer>,
    downstream: DownstreamErrors,
    { id, logger, meter, clock, next }: UpstreamSettings<unknown>,
    options: ModuleOptions,
  ) {
    this.#component = component;
    this.#downstream = downstream;
    this.#options = options;
    this.#id = id;
    this.#logger = logger;
    this.#next = next;
    this.#clock = clock;
    const events = meter.createCounter("otelcol_custom_component_events", {
      unit: "{event}",
      description: "Errors thrown by custom code, and batches that took it longer than slow_after.",
    });
    this.#count = (event) => events.add(1, { component: id, event });
  }

  async start(host: Parameters<NonNullable<Component["start"]>>[0]): Promise<void> {
    await watchdog.running(this.#id, this.#options.slow_after, () => this.#component.start?.(host));
  }

  async shutdown(drainMs: number): Promise<void> {
    await watchdog.running(this.#id, this.#options.slow_after, () => this.#component.shutdown?.(drainMs));
  }

  async consume(batch: Batch): Promise<void> {
    const downstream = this.#downstream;
    const calls = downstream.calls;
    const cancel = this.#watch();
    try {
      await watchdog.running(this.#id, this.#options.slow_after, () => this.#component.consume?.(batch));
    } catch (error) {
      if (downstream.has(error)) throw error;
      this.#count("error");
      const place = error instanceof Error ? placeOf(error) : undefined;
      this.#logger.error("Custom code threw an error.", {
        error: errorText(error),
        ...(place !== undefined && { place }),
        error_mode: this.#options.error_mode,
      });
      if (this.#options.error_mode === "propagate") throw error;
      // Unless it was handed on before the error, in whatever form.
      if (downstream.calls === calls) await this.#next?.consume(batch);
    } finally {
      cancel();
    }
  }

  /** Tells once a batch when it is in the component's own hands for too long. */
  #watch(): () => void {
    const { slow_after } = this.#options;
    return this.#clock.schedule(slow_after, () => {
      if (this.#downstream.active > 0) return;
      this.#count("slow");
      this.#logger.warn("Custom code has been working on a batch for a long time.", {
        slow_after_ms: slow_after,
      });
    });
  }
}
