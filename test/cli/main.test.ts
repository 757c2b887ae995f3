import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { root } from "../support/built-tree.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { run } from "./terminal.ts";

const COMMANDS = ["run", "validate", "print-config", "components", "schema", "inspect", "demo"];

test("--help names every command, and each of them has help of its own", async () => {
  for (const flag of ["--help", "-h", "help"]) {
    const { code, out, err } = await run([flag]);
    assert.deepEqual([code, err], [0, ""]);
    for (const command of COMMANDS) assert.match(out, new RegExp(`^ {2}${command} `, "m"));
  }
  for (const command of COMMANDS) {
    const { code, out, err } = await run([command, "--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, new RegExp(`^Usage: otelcol-kubevirt \\[?${command}\\b`));
  }
});

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.deepEqual(await run(["--version"]), { code: 0, out: `otelcol-kubevirt ${version}\n`, err: "" });
});

test("mistakes in the command line end with 1 and the usage", async (t) => {
  const unknown = await run(["frobnicate"]);
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
  assert.match(unknown.err, /unknown command "frobnicate"[\s\S]*Commands:/);
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [["--frob"], /'--frob'/],
    [["validate", "--frob"], /'--frob'/],
    [["inspect"], /inspect needs a file, a URL or - for standard input/],
    [
      ["inspect", "x", "--format", "xml"],
      /--format must be one of text, .*got "xml"|--format must be one of text, got "xml"/,
    ],
    [["inspect", "x", "--timeout", "soon"], /--timeout must be a number of seconds above 0, got "soon"/],
    [["print-config", "--mode", "loud"], /--mode must be one of redacted, unredacted, got "loud"/],
    [["print-config", "--format", "toml"], /--format must be one of yaml, json, got "toml"/],
    [["demo", "--vms", "none"], /--vms must be a whole number above 0, got none/],
  ];
  for (const [args, message] of mistakes) {
    const { code, out, err } = await run(args);
    assert.deepEqual([code, out], [1, ""], args.join(" "));
    assert.match(err, message);
  }
  const nowhere = await run([], { cwd: await temporaryDirectory(t) });
  assert.equal(nowhere.code, 1);
  assert.match(
    nowhere.err,
    /at least one --config flag must be provided[\s\S]*Usage: otelcol-kubevirt \[run\]/,
  );
});

test("components lists what is built in, with stability", async () => {
  const { code, out } = await run(["components"]);
  assert.equal(code, 0);
  const list = parse(out) as Record<string, { name: string; stability: Record<string, string> }[]>;
  const names = (kind: string) => list[kind]?.map(({ name }) => name) ?? [];
  assert.ok(names("receivers").includes("kubevirt_handler"));
  assert.ok(names("processors").includes("kubevirt_handler"));
  for (const exporter of ["debug", "nop", "otlp_http"]) assert.ok(names("exporters").includes(exporter));
  for (const kind of ["receivers", "processors", "exporters"]) {
    for (const { name, stability } of list[kind] ?? [])
      assert.match(stability["metrics"] ?? "", /^(development|alpha|beta|stable)$/, name);
  }
});
