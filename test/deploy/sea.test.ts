import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { root } from "../support/built-tree.ts";

const execute = promisify(execFile);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The executable that `npm run build:sea` makes, run where there is nothing else of the project. */
describe("the single executable", () => {
  let directory = "";
  let executable = "";

  const run = async (...args: readonly string[]): Promise<Outcome> => {
    const env = { ...process.env, PATH: "", NODE_OPTIONS: "", NODE_PATH: "" };
    try {
      return { code: 0, ...(await execute(executable, args, { cwd: directory, env })) };
    } catch (error) {
      return error as Outcome;
    }
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-"));
    executable = join(directory, process.platform === "win32" ? "otelcol.exe" : "otelcol");
    const script = join(root, "scripts", "build-sea.ts");
    const { stdout, stderr } = await execute(process.execPath, [script, "--output", executable]);
    assert.equal(stdout.trim(), executable);
    assert.equal(stderr, "");
  });

  after(() => rm(directory, { recursive: true, force: true }));

  test("tells its version", async () => {
    const { stdout } = await run("--version");
    assert.match(stdout, /^otelcol-kubevirt \d+\.\d+\.\d+\n$/);
  });

  test("validates a configuration with every sort of component, and refuses a wrong one", async () => {
    const file = join(directory, "config.yaml");
    const config = (exporter: object) =>
      JSON.stringify({
        receivers: { kubevirt_handler: { kubernetes: {} }, otlp: { protocols: { grpc: {} } } },
        processors: { kubevirt_handler: {}, k8s_attributes: {} },
        exporters: { otlp_http: exporter },
        service: {
          pipelines: {
            metrics: {
              receivers: ["kubevirt_handler", "otlp"],
              processors: ["kubevirt_handler", "k8s_attributes"],
              exporters: ["otlp_http"],
            },
          },
        },
      });
    await writeFile(file, config({ endpoint: "http://localhost:4318" }));
    assert.deepEqual(await run("validate", "--config", file), { code: 0, stdout: "", stderr: "" });
    await writeFile(file, config({ endpont: "http://localhost:4318" }));
    const { code, stderr } = await run("validate", "--config", file);
    assert.equal(code, 1);
    assert.match(stderr, /unknown option "endpont"/);
  });

  test("runs the demo to its end", async () => {
    const { code, stdout } = await run("demo", "--once");
    assert.equal(code, 0);
    assert.match(stdout, /45 of 45 documented metrics arrived/);
  });
});
