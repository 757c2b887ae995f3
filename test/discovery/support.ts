import type { Clock } from "../../src/component/index.ts";
import { systemClock } from "../../src/component/index.ts";
import type { TargetGroup, TargetListener, TargetSource } from "../../src/discovery/index.ts";
import { errorText } from "../../src/errors/index.ts";
import type { Cleanup } from "../support/certificates.ts";

/** Addresses with their labels, as short text: `host:1{a=b}`. */
export function targetTexts(groups: readonly TargetGroup[]): string[] {
  return groups.flatMap(({ labels, targets }) =>
    targets.map(({ __address__ = "", ...own }) => {
      const pairs = Object.entries({ ...labels, ...own }).map(([name, value]) => `${name}=${value}`);
      return pairs.length === 0 ? __address__ : `${__address__}{${pairs.join(",")}}`;
    }),
  );
}

/** What a source tells, to be awaited. */
export class Told implements TargetListener {
  readonly errors: string[] = [];
  looks = 0;
  last: readonly TargetGroup[] = [];
  #waiting: { done: () => boolean; resolve: () => void }[] = [];

  groups(groups: readonly TargetGroup[]): void {
    this.last = groups;
    this.#check();
  }

  failed(error: unknown): void {
    this.errors.push(errorText(error));
    this.looks += 1;
    this.#check();
  }

  succeeded(): void {
    this.looks += 1;
    this.#check();
  }

  async until(done: () => boolean): Promise<void> {
    if (!done()) await new Promise<void>((resolve) => this.#waiting.push({ done, resolve }));
  }

  #check(): void {
    for (const waiter of this.#waiting) if (waiter.done()) waiter.resolve();
    this.#waiting = this.#waiting.filter(({ done }) => !done());
  }
}

export async function follow(t: Cleanup, source: TargetSource): Promise<Told> {
  const told = new Told();
  t.after(() => source.close());
  await source.start(told);
  return told;
}

/** The system's clock, whose scheduled tasks can be run at once. */
export function hastyClock(): Clock & { hurry(): void } {
  const tasks = new Set<() => void>();
  return {
    ...systemClock,
    schedule(delayMs, task) {
      const run = () => {
        cancel();
        task();
      };
      const cancelTimer = systemClock.schedule(delayMs, run);
      const cancel = () => {
        cancelTimer();
        tasks.delete(run);
      };
      tasks.add(run);
      return cancel;
    },
    hurry() {
      for (const run of [...tasks]) run();
    },
  };
}
