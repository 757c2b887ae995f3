import { clientMetadata } from "./client-metadata.ts";

/** Time as components see it. Real by default; a test gives its own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that never jump, for durations. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`, under no client's metadata; the returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** The longest delay of a timer; Node would fire a longer one at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, task) {
    // A timer would keep the metadata of whoever happened to set it.
    const timer = clientMetadata.run(undefined, () => setTimeout(task, Math.min(delayMs, MAX_TIMER_MS)));
    return () => clearTimeout(timer);
  },
};
