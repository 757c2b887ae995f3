import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitSignals } from "../../src/cli/signals.ts";

test("a SIGHUP that comes before anybody can reload is made up for", () => {
  const signals = awaitSignals();
  let reloads = 0;
  try {
    process.emit("SIGHUP");
    process.emit("SIGHUP");
    signals.onReload(() => reloads++);
    assert.equal(reloads, 1);
    process.emit("SIGHUP");
    assert.equal(reloads, 2);
    process.emit("SIGTERM");
    process.emit("SIGHUP");
    assert.equal(reloads, 2, "not while it stops");
  } finally {
    signals.close();
  }
});
