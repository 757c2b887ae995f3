export interface Signals {
  /** The first SIGINT or SIGTERM. */
  readonly stop: Promise<NodeJS.Signals>;
  /** The second one. */
  readonly force: Promise<"forced">;
  close(): void;
}

/** Listens to the process's signals; SIGHUP calls `reload`, unless the process is to stop. */
export function awaitSignals(reload: () => void): Signals {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const force = Promise.withResolvers<"forced">();
  let stopping = false;
  const onStop = (signal: NodeJS.Signals) => {
    if (stopping) force.resolve("forced");
    stopping = true;
    stop.resolve(signal);
  };
  const onReload = () => {
    if (!stopping) reload();
  };
  process.on("SIGINT", onStop);
  process.on("SIGTERM", onStop);
  process.on("SIGHUP", onReload);
  return {
    stop: stop.promise,
    force: force.promise,
    close() {
      process.off("SIGINT", onStop);
      process.off("SIGTERM", onStop);
      process.off("SIGHUP", onReload);
    },
  };
}
