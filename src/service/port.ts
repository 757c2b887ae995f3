import type { Consumer } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";

/**
 * An outlet of a component: what it hands on goes to all connected consumers. The batch is shared, never copied. The
 * service holds the port while it replaces what is behind it; calls then wait, so that a reload loses nothing.
 */
export class Port implements Consumer {
  #targets: readonly Consumer[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #active = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  connect(targets: readonly Consumer[]): void {
    this.#targets = targets;
  }

  /** Lets nothing more through; settles when what was on its way has been taken. */
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
    while (this.#held !== undefined) await this.#held.promise;
    this.#active++;
    try {
      const targets = this.#targets;
      if (targets.length === 1) await (targets[0] as Consumer).consume(batch);
      else await deliverToAll(targets, batch);
    } finally {
      this.#active--;
      if (this.#active === 0) {
        this.#idle?.resolve();
        this.#idle = undefined;
      }
    }
  }
}

/**
 * One failing branch must not make the sender repeat what another branch has taken, so a refusal goes back only when
 * nobody took the batch. Each exporter counts what it refused itself.
 */
async function deliverToAll(targets: readonly Consumer[], batch: Batch): Promise<void> {
  const results = await Promise.allSettled(targets.map((target) => target.consume(batch)));
  const refusals = results.filter((result) => result.status === "rejected");
  if (refusals.length > 0 && refusals.length === targets.length) throw refusals[0]?.reason;
}
