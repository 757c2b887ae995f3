import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { configSchema, healthUrlOf, timeoutOf } from "../../../src/receivers/kubevirt-handler/config.ts";

const target = { metrics_endpoint: "https://10.0.0.1:8443/metrics" };

function problems(input: unknown): string[] {
  const result = configSchema.safeParse(input);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join("::")}: ${message}`);
}

test("one target is all it needs", () => {
  const config = configSchema.parse({ targets: [target] });
  assert.equal(config.collection_interval, 30_000);
  assert.equal(config.initial_delay, 1000);
  assert.equal(timeoutOf(config), 15_000);
  assert.equal(config.body_size_limit_mib, 64);
  assert.equal(config.sample_limit, 0);
  assert.equal(healthUrlOf(config.targets[0]!)?.href, "https://10.0.0.1:8443/healthz");
});

test("sample.yaml shows the defaults", () => {
  const path = new URL("../../../src/receivers/kubevirt-handler/sample.yaml", import.meta.url);
  const sample = parse(readFileSync(path, "utf8")).kubevirt_handler;
  const shown = configSchema.parse(sample);
  assert.deepEqual(
    shown,
    configSchema.parse({ targets: [{ metrics_endpoint: sample.targets[0].metrics_endpoint }] }),
  );
});

test("the timeout follows the interval down and may not be above it", () => {
  assert.equal(timeoutOf(configSchema.parse({ targets: [target], collection_interval: "100ms" })), 100);
  assert.equal(timeoutOf(configSchema.parse({ targets: [target], timeout: "3s" })), 3000);
  assert.deepEqual(problems({ targets: [target], collection_interval: "10s", timeout: "11s" }), [
    "timeout: must not be above collection_interval 10s, got 11s",
  ]);
  assert.match(problems({ targets: [target], collection_interval: "99ms" })[0] ?? "", /at least 100ms/);
});

test("null turns the health check off", () => {
  const config = configSchema.parse({ targets: [{ ...target, healthz_endpoint: null }] });
  assert.equal(healthUrlOf(config.targets[0]!), undefined);
});

test("what cannot be is refused by name", () => {
  assert.match(problems({})[0] ?? "", /^targets: /);
  assert.match(problems({ targets: [] })[0] ?? "", /^targets: /);
  assert.match(problems({ targets: [{ metrics_endpoint: "10.0.0.1:8443" }] })[0] ?? "", /http or https URL/);
  assert.deepEqual(problems({ targets: [target, target] }), [
    "targets::1::metrics_endpoint: is a target already: https://10.0.0.1:8443/metrics",
  ]);
  const [secret] = problems({ targets: [{ metrics_endpoint: "https://me:hunter2@10.0.0.1/metrics" }] });
  assert.match(secret ?? "", /must not hold a user name or password/);
  assert.doesNotMatch(secret ?? "", /hunter2/);
  assert.match(problems({ targets: [{ ...target, pod: "x" }] })[0] ?? "", /pod/);
});
