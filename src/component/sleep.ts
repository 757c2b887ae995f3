import type { Clock } from "./clock.ts";

/** Settles after `ms`, or as soon as the signal fires. Never rejects. */
export function sleep(clock: Pick<Clock, "schedule">, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.schedule(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
