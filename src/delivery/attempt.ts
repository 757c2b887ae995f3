import type { Clock } from "../component/index.ts";
import { RetryableError } from "../component/index.ts";
import { formatDuration } from "../config/index.ts";

/** The backend did not answer within the exporter's `timeout`. */
export class AttemptTimeoutError extends RetryableError {}

/**
 * Runs one attempt with a signal that fires after `timeoutMs` (0 = never) or when `parent` does. Settles at the signal
 * even if `send` ignores it: a stuck exporter must not hold up a consumer or the shutdown.
 */
export function attempt(
  clock: Clock,
  timeoutMs: number,
  parent: AbortSignal,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const controller = new AbortController();
    const abort = (reason: unknown) => {
      finish();
      controller.abort(reason);
      reject(reason);
    };
    const onParent = () => abort(parent.reason);
    const cancelTimer =
      timeoutMs > 0
        ? clock.schedule(timeoutMs, () =>
            abort(new AttemptTimeoutError(`request timed out after ${formatDuration(timeoutMs)}`)),
          )
        : undefined;
    const finish = () => {
      cancelTimer?.();
      parent.removeEventListener("abort", onParent);
    };
    if (parent.aborted) return onParent();
    parent.addEventListener("abort", onParent);
    send(controller.signal).then(
      () => {
        finish();
        resolve();
      },
      (error) => {
        finish();
        reject(error);
      },
    );
  });
}
