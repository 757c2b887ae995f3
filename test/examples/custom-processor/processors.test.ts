import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { main } from "../../../src/cli/main.ts";
import { components } from "../../../src/distribution/index.ts";
import { runPipelineTest } from "../../../src/testing/index.ts";

test("the example processors do what their README says", async () => {
  const file = resolve(import.meta.dirname, "../../../examples/custom-processor/processors.test.yaml");
  const { steps } = await runPipelineTest(file, { components });
  assert.deepEqual(
    steps.map(({ diff }) => diff),
    [undefined, undefined],
  );
});

test("a new processor passes the test that comes with it", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "new-processor-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  let out = "";
  const run = (...args: string[]) =>
    main(args, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        out += text;
      },
      errIsTerminal: false,
      cwd: directory,
      env: {},
      stdin: async function* () {},
    });
  assert.equal(await run("new", "processor", "my_tenant"), 0, out);
  assert.equal(await run("test", "my-tenant.test.yaml"), 0, out);
  assert.equal(await run("new", "processor", "my_tenant"), 1);
  assert.match(out, /my-tenant\.ts is there already/);
  assert.equal(await run("new", "processor", "My-Tenant"), 1);
});
