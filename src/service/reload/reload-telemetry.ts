import type { Clock } from "../../component/index.ts";
import type { Counter, Meter } from "../../telemetry/index.ts";

/** Whether the configuration in force is the one that was read last, and since when it is in force. */
export class ReloadTelemetry {
  readonly #clock: Clock;
  readonly #reloads: Counter;
  #successful = 1;
  #inForceSince: number;

  constructor(meter: Meter, clock: Clock) {
    this.#clock = clock;
    this.#inForceSince = clock.now();
    this.#reloads = meter.createCounter("otelcol_config_reloads", {
      unit: "{reload}",
      description: "Reloads of the configuration, by outcome.",
    });
    for (const outcome of ["success", "failure"]) this.#reloads.add(0, { outcome });
    const gauge = (name: string, unit: string, description: string, read: () => number) =>
      meter
        .createObservableGauge(name, { unit, description })
        .addCallback((result) => result.observe(read()));
    gauge(
      "otelcol_config_last_reload_successful",
      "1",
      "1 if the configuration that was read last is in force, else 0.",
      () => this.#successful,
    );
    gauge(
      "otelcol_config_last_reload_success_timestamp",
      "s",
      "When the configuration in force was put in force, in seconds since the epoch.",
      () => this.#inForceSince / 1000,
    );
  }

  succeeded(): void {
    this.#successful = 1;
    this.#inForceSince = this.#clock.now();
    this.#reloads.add(1, { outcome: "success" });
  }

  failed(): void {
    this.#successful = 0;
    this.#reloads.add(1, { outcome: "failure" });
  }
}
