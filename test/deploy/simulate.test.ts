import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Load } from "../../scripts/simulate/model.ts";
import { root } from "../support/built-tree.ts";

const script = join(root, "scripts", "simulate.ts");

async function loads(...args: readonly string[]): Promise<readonly Load[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, "--json", ...args]);
  return (JSON.parse(stdout) as { readonly loads: readonly Load[] }).loads;
}

const costOf = ({ parts }: Load) =>
  parts.reduce((sum, { processes, cpuCoresEach }) => sum + processes * cpuCoresEach, 0);

test("ten thousand nodes with a hundred machines", async () => {
  const all = await loads();
  for (const load of all) {
    assert.equal(load.samplesPerSecond, (10_000 * 100 * 60) / 30);
    assert.ok(Math.abs(load.scrapesPerSecond - 10_000 / 30) < 1e-9);
    assert.ok(load.egressBytesPerSecond < load.scrapeBytesPerSecond);
  }
  const [node, cluster, gateway] = all as [Load, Load, Load];
  // What each topology is for: the API server compares least behind a gateway, sends least to nodes.
  assert.ok(gateway.apiComparisonsPerSecond < node.apiComparisonsPerSecond / 100);
  assert.ok(node.apiBytesPerSecond < gateway.apiBytesPerSecond);
  assert.ok(gateway.apiBytesPerSecond < cluster.apiBytesPerSecond);
  assert.deepEqual(
    gateway.parts.map(({ name }) => name),
    ["agent", "gateway"],
  );
});

test("twice the nodes are twice the load of nodes, half the interval twice the scrapes", async () => {
  const [[one], [two], [often]] = (await Promise.all([
    loads("--nodes", "1000"),
    loads("--nodes", "2000"),
    loads("--nodes", "1000", "--interval", "15"),
  ])) as [[Load], [Load], [Load]];
  assert.equal(two.samplesPerSecond, 2 * one.samplesPerSecond);
  assert.equal(two.parts[0]?.cpuCoresEach, one.parts[0]?.cpuCoresEach);
  assert.equal(often.samplesPerSecond, 2 * one.samplesPerSecond);
  assert.equal(often.apiEventsPerSecond, one.apiEventsPerSecond);
  assert.ok(costOf(often) > 1.9 * costOf(one));
});

test("what is no number is refused by name", async () => {
  await assert.rejects(loads("--nodes", "many"), /--nodes must be a number above 0, got many/);
});

test("docs/scaling.md shows what it prints", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const text = (await readFile(join(root, "docs", "scaling.md"), "utf8")).replaceAll("\r\n", "\n");
  const shown = /<!-- simulate:start -->\n\n```\n([\s\S]*?)\n```/.exec(text)?.[1];
  assert.equal(shown, stdout.trimEnd().replaceAll(/[ \t]+$/gm, ""));
});
