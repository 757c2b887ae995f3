import { type Clock, type Consumer, isPermanent, PartialError, RetryableError } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";

/** A consumer and the name of its place in the graph, which outlives the instance there. */
export interface PortTarget {
  readonly place: string;
  readonly consumer: Consumer;
}

/** What passes a port, in data points, and how its targets keep up. */
export interface PortTelemetry {
  readonly outgoing: (points: number) => void;
  /** Points offered once more, since the consumer before was replaced while it had them. */
  readonly redelivered: (points: number) => void;
  /** The target there takes longer than the others: they no longer wait for it. */
  readonly late: (place: string) => void;
  /** Points that others took, and the target there did not get, since it was late. */
  readonly dropped: (points: number, place: string) => void;
  /** Points that all others refused, and the target there was not offered, since it was late. */
  readonly returned: (points: number, place: string) => void;
  readonly caughtUp: (place: string) => void;
}

interface Refusal {
  readonly error: unknown;
  /** Nothing stands any more where it was refused. */
  readonly isOrphan: boolean;
}

/** A batch on its way to one target. */
interface Delivery {
  readonly place: string;
  readonly batch: Batch;
  /** Whether a consumer has it in its hands: none does while it waits for the end of a reload. */
  isInside: boolean;
  /** The sender no longer waits for it. */
  isLate: boolean;
  isSettled: boolean;
  refusal: Refusal | undefined;
}

/**
 * An outlet of a component: what it hands on goes to all connected consumers. The batch is shared, never copied.
 *
 * A batch that one of several targets has taken waits for the others for a while at most. Who takes longer keeps the
 * batch, but gets no further one before it has settled those that it has: it is late, and holds up nobody. While all are
 * late, all get everything, and the sender waits.
 *
 * The service holds the port while it replaces what is behind it; calls then wait, and a batch that the old consumer
 * gives back meanwhile goes to the new one, so that a reload loses nothing.
 */
export class Port implements Consumer {
  readonly #clock: Clock;
  readonly #telemetry: PortTelemetry;
  #targets: readonly PortTarget[] = [];
  #patienceMs = 0;
  /** How many batches are late, by place. */
  readonly #late = new Map<string, number>();
  #held: PromiseWithResolvers<void> | undefined;
  #active = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock, telemetry: PortTelemetry) {
    this.#clock = clock;
    this.#telemetry = telemetry;
  }

  /** @param patienceMs how long one target that has taken a batch waits for the others; 0: until they settle */
  connect(targets: readonly PortTarget[], patienceMs: number): void {
    this.#targets = targets;
    this.#patienceMs = patienceMs;
    // Where points may be dropped their count begins at 0.
    if (targets.length < 2) return;
    for (const { place } of targets) {
      this.#telemetry.dropped(0, place);
      this.#telemetry.returned(0, place);
    }
  }

  /** Hands on to whom another port hands on, which stands in this one's place. */
  follow(successor: Port): void {
    this.#targets = successor.#targets;
    this.#patienceMs = successor.#patienceMs;
  }

  /** Lets nothing more through; settles when what senders wait for has been taken or given back. */
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

  /** @throws when no target took all of the batch: what is left to say to the sender, a refusal that may be over soon first */
  async consume(batch: Batch): Promise<void> {
    await this.#released();
    this.#telemetry.outgoing(batch.pointCount);
    for (;;) {
      const refusals = await this.#offer(batch);
      // One failing branch must not make the sender repeat what another branch has taken.
      if (refusals === undefined) return;
      const returned = refusals.filter(({ error }) => !isPermanent(error));
      if (returned.length === 0 || !returned.every(({ isOrphan }) => isOrphan)) {
        throw (returned[0] ?? refusals[0])?.error;
      }
      this.#telemetry.redelivered(batch.pointCount * this.#targets.length);
    }
  }

  async #released(): Promise<void> {
    while (this.#held !== undefined) await this.#held.promise;
  }

  /**
   * Offers the batch to all that keep up; gives their refusals, or undefined when one at least has taken it. Where one
   * took it but for some points, only its refusal: the others' would make the sender repeat the rest.
   */
  async #offer(batch: Batch): Promise<readonly Refusal[] | undefined> {
    const targets = this.#targets;
    const only = targets[0];
    if (only === undefined) return undefined;
    if (targets.length === 1) {
      const delivery = deliveryTo(only, batch);
      await this.#deliver(delivery, only);
      return delivery.refusal === undefined ? undefined : [delivery.refusal];
    }
    const prompt = targets.filter(({ place }) => !this.#late.has(place));
    const offered = prompt.length === 0 ? targets : prompt;
    const deliveries = offered.map((target) => deliveryTo(target, batch));
    await this.#settledOrLate(
      deliveries,
      deliveries.map((delivery, i) => this.#deliver(delivery, offered[i] as PortTarget)),
    );
    const refusals = deliveries.map(({ refusal }) => refusal).filter((refusal) => refusal !== undefined);
    const count = deliveries.some(isTaken) ? this.#telemetry.dropped : this.#telemetry.returned;
    for (const target of targets) if (!offered.includes(target)) count(batch.pointCount, target.place);
    if (refusals.length < deliveries.length) return undefined;
    const partial = deliveries.find(isTaken)?.refusal;
    return partial === undefined ? refusals : [partial];
  }

  /** Waits for all; once one has taken the batch, no longer than there is patience for the others. */
  async #settledOrLate(deliveries: readonly Delivery[], settling: readonly Promise<void>[]): Promise<void> {
    const all = Promise.all(settling);
    if (this.#patienceMs === 0) {
      await all;
      return;
    }
    const taken = Promise.withResolvers<void>();
    deliveries.forEach((delivery, i) => {
      settling[i]?.then(() => {
        if (isTaken(delivery)) taken.resolve();
      });
    });
    await Promise.race([all, taken.promise]);
    if (deliveries.every(({ isSettled }) => isSettled)) return;
    const over = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(this.#patienceMs, over.resolve);
    await Promise.race([all, over.promise]);
    cancel();
    deliveries.forEach((delivery, i) => {
      if (!delivery.isSettled) this.#goOnWithout(delivery, settling[i] as Promise<void>);
    });
  }

  #goOnWithout(delivery: Delivery, settling: Promise<void>): void {
    const { place, batch } = delivery;
    batch.retain();
    delivery.isLate = true;
    if (delivery.isInside) this.#leave();
    const others = this.#late.get(place) ?? 0;
    this.#late.set(place, others + 1);
    if (others === 0) this.#telemetry.late(place);
    void settling.then(() => {
      const left = (this.#late.get(place) ?? 1) - 1;
      if (left > 0) {
        this.#late.set(place, left);
        return;
      }
      this.#late.delete(place);
      this.#telemetry.caughtUp(place);
    });
  }

  /** Delivers to a consumer, or to who stands in its place after a reload in which it gave the batch back. */
  async #deliver(delivery: Delivery, target: PortTarget): Promise<void> {
    const { place, batch } = delivery;
    for (let { consumer } = target; ; ) {
      const connected = this.#targets;
      const error = await this.#attempt(delivery, consumer);
      if (error === undefined) break;
      delivery.refusal = { error, isOrphan: false };
      // Refused in the course of a reload: most likely because the consumer was being replaced.
      const isReload = this.#held !== undefined || this.#targets !== connected;
      if (!isReload || isPermanent(error)) break;
      await this.#released();
      const successor = this.#targets.find((one) => one.place === place);
      if (successor === undefined || successor.consumer === consumer) {
        delivery.refusal = { error, isOrphan: successor === undefined };
        break;
      }
      this.#telemetry.redelivered(batch.pointCount);
      delivery.refusal = undefined;
      consumer = successor.consumer;
    }
    delivery.isSettled = true;
  }

  /** Never rejects: gives the error, since a late one has nobody to catch it. */
  async #attempt(delivery: Delivery, consumer: Consumer): Promise<unknown> {
    if (!delivery.isLate) this.#active++;
    delivery.isInside = true;
    try {
      await consumer.consume(delivery.batch);
      return undefined;
    } catch (error) {
      return error ?? new RetryableError("the consumer failed without an error");
    } finally {
      delivery.isInside = false;
      if (!delivery.isLate) this.#leave();
    }
  }

  #leave(): void {
    this.#active--;
    if (this.#active > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

/** As a whole, or but for points that nobody is to send again. */
function isTaken({ refusal }: Delivery): boolean {
  return refusal === undefined || refusal.error instanceof PartialError;
}

function deliveryTo({ place }: PortTarget, batch: Batch): Delivery {
  return { place, batch, isInside: false, isLate: false, isSettled: false, refusal: undefined };
}
