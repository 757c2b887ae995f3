import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ensureBuilt, root } from "../support/built-tree.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { runCollector } from "../support/collector-process.ts";
import { DOCUMENTED } from "./expected.ts";
import { Handler } from "./handler.ts";
import { configOf, startSink, writeConfig } from "./pipeline.ts";

describe("the command line", { concurrency: true }, () => {
  test("demo --once: all 45 arrive, exit 0", async (t) => {
    const { code, stdout, stderr } = await runCollector(t, ["demo", "--once"], {
      cwd: await temporaryDirectory(t),
    });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^45 of 45 documented metrics arrived$/m);
    for (const name of DOCUMENTED) assert.ok(stdout.includes(`\n${name} `), name);
  });

  test("a bad configuration: exit 1 with all problems, nothing bound, asked or sent", async (t) => {
    const handler = await Handler.start(t);
    const sink = await startSink(t);
    const good = configOf(handler, sink.endpoint);
    const config = {
      ...good,
      processors: { kubevirt_handler: { tempo: 1 } },
      exporters: { otlphttp: { endpoint: 3 } },
    };
    const path = await writeConfig(t, config);
    for (const args of [
      ["--config", path],
      ["run", "--config", path],
      ["validate", "--config", path],
    ]) {
      const { code, stdout, stderr } = await runCollector(t, args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(
        stderr,
        /config\.yaml:\d+:\d+: error: processors::kubevirt_handler::tempo: unknown option "tempo"/,
      );
      assert.match(stderr, /config\.yaml:\d+:\d+: error: exporters::otlphttp::endpoint: /);
      assert.match(
        stderr,
        /config\.yaml:\d+:\d+: error: service::pipelines::metrics::exporters: .*"otlp_http"/,
      );
      assert.doesNotMatch(stderr, /Starting/);
    }
    assert.deepEqual([handler.requests.length, sink.requests.length], [0, 0]);
  });

  test("an address that is taken by somebody else: exit 1", async (t) => {
    const handler = await Handler.start(t);
    const sink = await startSink(t);
    const readers = [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: sink.port } } } }];
    const config = configOf(handler, sink.endpoint, { service: { telemetry: { metrics: { readers } } } });
    const { code, stderr } = await runCollector(t, ["--config", await writeConfig(t, config)]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`cannot serve the collector's own metrics on 127\\.0\\.0\\.1:${sink.port}`),
    );
    assert.equal(handler.requests.length, 0);
  });

  test("commands print their results on standard output and end with their code", async (t) => {
    const help = await runCollector(t, ["--help"]);
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, /^Usage: otelcol-kubevirt /);
    const unknown = await runCollector(t, ["frobnicate"]);
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    const schema = await runCollector(t, ["schema"]);
    assert.equal(JSON.parse(schema.stdout).type, "object");
    const good = await runCollector(t, ["inspect", "-", "--json"], { input: "a 1\n" });
    assert.deepEqual([good.code, JSON.parse(good.stdout).samples], [0, 1]);
    const bad = await runCollector(t, ["inspect", "-", "--json"], { input: "a b\n" });
    assert.deepEqual([bad.code, JSON.parse(bad.stdout).ok], [1, false]);
  });

  test("whoever reads the output may leave early", { skip: process.platform === "win32" }, async () => {
    await ensureBuilt();
    const { stderr } = await shell(`"${process.execPath}" bin/otelcol-kubevirt schema | head -c 10`);
    assert.equal(stderr, "");
  });
});

describe("the launcher", { concurrency: true }, () => {
  test("on an old Node without another at hand it says what is needed", async (t) => {
    const { code, stderr } = await launch(await lonelyLauncher(t), pretending("22.18.0"));
    assert.equal(code, 1);
    assert.match(stderr, /^otelcol-kubevirt needs Node\.js 22\.19 or newer, this is v\S+: .*npm ci/);
  });

  test("on an old Node in a checkout it takes the checkout's own", {
    skip: process.platform === "win32",
  }, async (t) => {
    const directory = await lonelyLauncher(t);
    await mkdir(join(directory, "node_modules", "node", "bin"), { recursive: true });
    await symlink(process.execPath, join(directory, "node_modules", "node", "bin", "node"));
    // That one runs the launcher anew, which then misses the built tree.
    const { code, stderr } = await launch(directory, pretending("18.20.0"));
    assert.equal(code, 1);
    assert.match(stderr, /^otelcol-kubevirt is not built yet: run "npm ci"/);
  });

  test("in a checkout that is not built it says how to", async (t) => {
    const { code, stderr } = await launch(await lonelyLauncher(t), []);
    assert.equal(code, 1);
    assert.match(stderr, /^otelcol-kubevirt is not built yet: run "npm ci"/);
  });
});

/** A copy of the launcher with nothing around it. */
async function lonelyLauncher(t: Cleanup): Promise<string> {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, "bin"));
  await copyFile(join(root, "bin", "otelcol-kubevirt"), join(directory, "bin", "otelcol-kubevirt"));
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  return directory;
}

/** Options that make Node say that it is another version. */
function pretending(version: string): readonly string[] {
  const code = `Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
  return ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
}

interface Ended {
  readonly code: number;
  readonly stderr: string;
}

function launch(directory: string, options: readonly string[]): Promise<Ended> {
  const args = [...options, join(directory, "bin", "otelcol-kubevirt"), "--help"];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr }),
    );
  });
}

function shell(command: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile("sh", ["-c", command], { cwd: root }, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr }),
    );
  });
}
