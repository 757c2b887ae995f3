import { type Consumer, isPermanent } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";

/** A consumer and the name of its place in the graph, which outlives the instance there. */
export interface PortTarget {
  readonly place: string;
  readonly consumer: Consumer;
}

/** What passes a port, in data points. */
export interface PortTelemetry {
  readonly outgoing: (points: number) => void;
  /** Points offered once more, to as many `targets`, since those before were replaced while they had them. */
  readonly redelivered: (points: number, targets: number) => void;
}

interface Refusal {
  readonly target: PortTarget;
  readonly error: unknown;
}

const NONE: readonly Refusal[] = [];

/**
 * An outlet of a component: what it hands on goes to all connected consumers. The batch is shared, never copied. The
 * service holds the port while it replaces what is behind it; calls then wait, and a batch that the old consumer gives
 * back meanwhile goes to the new one, so that a reload loses nothing.
 */
export class Port implements Consumer {
  readonly #telemetry: PortTelemetry | undefined;
  #targets: readonly PortTarget[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #active = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(telemetry?: PortTelemetry) {
    this.#telemetry = telemetry;
  }

  connect(targets: readonly PortTarget[]): void {
    this.#targets = targets;
  }

  /** Lets nothing more through; settles when what was on its way has been taken or given back. */
  hold(): Promise<void> {
    this.#held ??= Promise.withResolvers<void>();
    if (this.#active === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async consume(batch: Batch): Promise<void> {
    await this.#released();
    this.#telemetry?.outgoing(batch.pointCount);
    let targets = this.#targets;
    let taken = false;
    for (;;) {
      const connected = this.#targets;
      const refusals = await this.#deliver(targets, batch);
      if (refusals.length === 0) return;
      taken ||= refusals.length < targets.length;
      // Refused in the course of a reload: most likely because the consumer was being replaced.
      const isReload = this.#held !== undefined || this.#targets !== connected;
      const returned = isReload ? refusals.filter(({ error }) => !isPermanent(error)) : NONE;
      if (returned.length > 0) {
        await this.#released();
        const replaced = this.#replacements(returned, taken);
        if (replaced.length > 0) {
          this.#telemetry?.redelivered(batch.pointCount, replaced.length);
          targets = replaced;
          continue;
        }
      }
      // One failing branch must not make the sender repeat what another branch has taken.
      if (!taken) throw refusals[0]?.error;
      return;
    }
  }

  async #released(): Promise<void> {
    while (this.#held !== undefined) await this.#held.promise;
  }

  async #deliver(targets: readonly PortTarget[], batch: Batch): Promise<readonly Refusal[]> {
    this.#active++;
    try {
      if (targets.length === 1) return await deliverTo(targets[0] as PortTarget, batch);
      return (await Promise.all(targets.map((target) => deliverTo(target, batch)))).flat();
    } finally {
      this.#active--;
      if (this.#active === 0) {
        this.#idle?.resolve();
        this.#idle = undefined;
      }
    }
  }

  /** Who stands now where those stood that gave a batch back; all targets if those places are gone and nobody took it. */
  #replacements(returned: readonly Refusal[], taken: boolean): readonly PortTarget[] {
    const before = new Map(returned.map(({ target }) => [target.place, target.consumer]));
    const replaced = this.#targets.filter(({ place, consumer }) => {
      const old = before.get(place);
      return old !== undefined && old !== consumer;
    });
    const known = this.#targets.some(({ place }) => before.has(place));
    return replaced.length > 0 || known || taken ? replaced : this.#targets;
  }
}

async function deliverTo(target: PortTarget, batch: Batch): Promise<readonly Refusal[]> {
  try {
    await target.consumer.consume(batch);
    return NONE;
  } catch (error) {
    return [{ target, error }];
  }
}
