export interface Signals {
  /** The first SIGINT or SIGTERM. */
  readonly stop: Promise<NodeJS.Signals>;
  /** The second one. */
  readonly force: Promise<"forced">;
  /** What SIGHUP does from now on, at once if one has come before. */
  onReload(reload: () => void): void;
  close(): void;
}

/** Listens to the process's signals. SIGHUP reloads, unless the process is to stop; it never ends the process. */
export function awaitSignals(): Signals {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const force = Promise.withResolvers<"forced">();
  let stopping = false;
  let reload: (() => void) | undefined;
  let isMissed = false;
  const onStop = (signal: NodeJS.Signals) => {
    if (stopping) force.resolve("forced");
    stopping = true;
    stop.resolve(signal);
  };
  const onReload = () => {
    if (stopping) return;
    if (reload === undefined) isMissed = true;
    else reload();
  };
  process.on("SIGINT", onStop);
  process.on("SIGTERM", onStop);
  process.on("SIGHUP", onReload);
  return {
    stop: stop.promise,
    force: force.promise,
    onReload(action) {
      reload = action;
      if (isMissed) onReload();
    },
    close() {
      process.off("SIGINT", onStop);
      process.off("SIGTERM", onStop);
      process.off("SIGHUP", onReload);
    },
  };
}
