import type { Clock, Component, Consumer, Definition, UpstreamSettings } from "../component/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { ModuleOptions } from "./module-schema.ts";
import { placeOf } from "./place-of.ts";
import { strayErrors } from "./stray-errors.ts";
import { watchdog } from "./watchdog.ts";

type Kind = Definition["kind"];

const SHAPES: Readonly<Record<Kind, string>> = {
  receiver: "an object (with start and shutdown)",
  processor: "an object with process, layout, processBatch or consume",
  exporter: "an object with consume",
  extension: "an object (with start and shutdown)",
  connector: "an object with process, layout, processBatch or consume",
};

/** The code of one component of a module: runs under the watchdog; what it throws is counted and given its place. */
export class CustomCode {
  readonly #id: string;
  readonly #logger: Logger;
  readonly #options: ModuleOptions;
  readonly #clock: Clock;
  readonly #files: readonly string[];
  readonly #count: (event: "error" | "slow") => void;
  #unwatch: (() => void) | undefined;
  #startEnded = () => {};

  /** @param files of the module, absolute */
  constructor(
    { id, logger, meter, clock }: Pick<UpstreamSettings<unknown>, "id" | "logger" | "meter" | "clock">,
    options: ModuleOptions,
    files: readonly string[],
  ) {
    this.#id = id;
    this.#logger = logger;
    this.#options = options;
    this.#clock = clock;
    this.#files = files;
    const events = meter.createCounter("otelcol_custom_component_events", {
      unit: "{event}",
      description: "Errors thrown by custom code, and batches that took it longer than slow_after.",
    });
    for (const event of ["error", "slow"]) events.add(0, { component: id, event });
    this.#count = (event) => events.add(1, { component: id, event });
  }

  run<Result>(work: () => Result): Result {
    return watchdog.running(this.#id, this.#options.slow_after, work);
  }

  /** @throws CollectorError COMPONENT_START that names the module and the place in it */
  create(kind: Kind, work: () => unknown): Component & Partial<Consumer> {
    const needed = (cause?: unknown) => new TypeError(`it must return ${SHAPES[kind]}`, { cause });
    let component: unknown;
    try {
      component = this.run(work);
    } catch (error) {
      // A TypeError from outside of the module is about what its create returned.
      const isOurs = error instanceof TypeError && placeOf(error) === undefined;
      throw this.#failure("create", isOurs ? needed(error) : error);
    }
    const takesData = kind !== "receiver" && kind !== "extension";
    if (typeof component !== "object" || component === null || (takesData && !("consume" in component)))
      throw this.#failure("create", needed());
    return component;
  }

  /** @throws CollectorError COMPONENT_START or COMPONENT_SHUTDOWN that names the module and the place in it */
  async lifecycle(step: "start" | "shutdown", work: () => void | Promise<void>): Promise<void> {
    if (step === "start") {
      const tellStray = (error: unknown, place: string) => this.#tellStray(error, place);
      this.#unwatch ??= strayErrors.watch({ files: this.#files, tellStray });
      this.#tellWhileStarting(this.#clock.monotonic());
    } else this.#startEnded();
    try {
      await this.run(work);
    } catch (error) {
      throw this.#failure(step, error);
    } finally {
      this.#startEnded();
      if (step === "shutdown") {
        this.#unwatch?.();
        this.#unwatch = undefined;
      }
    }
  }

  /** A start that does not come to an end holds up the whole collector, so it is told again and again. */
  #tellWhileStarting(started: number): void {
    this.#startEnded = this.#clock.schedule(this.#options.slow_after, () => {
      this.#count("slow");
      this.#logger.warn("Custom code has not come to the end of its start.", {
        started_ms_ago: Math.round(this.#clock.monotonic() - started),
        hint: "the collector takes no data before that: begin what goes on for ever without awaiting it",
      });
      this.#tellWhileStarting(started);
    });
  }

  tellError(error: unknown): void {
    this.#count("error");
    const place = placeOf(error);
    this.#logger.error("Custom code threw an error.", {
      error: errorText(error),
      ...(place === undefined ? { hint: hintFor(error) } : { place }),
      error_mode: this.#options.error_mode,
    });
  }

  #tellStray(error: unknown, place: string): void {
    this.#count("error");
    this.#logger.error("Custom code threw an error that nothing waited for.", {
      error: errorText(error),
      place,
      hint: "await what may fail, and catch what is thrown in timers and listeners",
    });
  }

  tellSlow(): void {
    this.#count("slow");
    this.#logger.warn("Custom code has been working on a batch for a long time.", {
      slow_after_ms: this.#options.slow_after,
    });
  }

  tellNothingHandedOn(): void {
    this.#logger.info("Custom code handed on nothing of its first batch.", {
      hint: "a process that returns nothing drops the batch",
    });
  }

  #failure(step: "create" | "start" | "shutdown", error: unknown): CollectorError {
    this.#count("error");
    const place = placeOf(error);
    return new CollectorError(
      step === "shutdown" ? "COMPONENT_SHUTDOWN" : "COMPONENT_START",
      `module ${this.#options.path} failed in ${step}${place === undefined ? "" : ` at ${place}`}`,
      { cause: error },
    );
  }
}

function hintFor(error: unknown): string {
  return error instanceof Error
    ? "it was not thrown in the module: look at what create and process return"
    : "throw an Error, which knows its place";
}
