import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { resolveConfig } from "../../src/config/index.ts";
import { messagesOf, resolvedValue, resolveTexts } from "./support.ts";

test("reads a file relative to the working directory and remembers its absolute path", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "config-"));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "otel.yaml"), "service:\r\n  level: info\r\n");
  for (const uri of ["otel.yaml", "file:otel.yaml", join(dir, "otel.yaml")]) {
    const { root, diagnostics, files } = await resolveConfig({ uris: [uri], env: {}, cwd: dir });
    assert.deepEqual(diagnostics.items, []);
    assert.deepEqual(files, [join(dir, "otel.yaml")]);
    assert.deepEqual(root.toValue(), { service: { level: "info" } });
    const level = root.at(["service", "level"]);
    assert.equal(level?.position.source.path, join(dir, "otel.yaml"));
    assert.deepEqual([level?.position.line, level?.position.column], [2, 10]);
  }
});

test("takes a drive letter for a path and not for a scheme", async () => {
  const asked: string[] = [];
  const readFile = async (path: string) => {
    asked.push(path);
    return "a: 1";
  };
  const { root } = await resolveConfig({ uris: ["C:\\etc\\otel.yaml"], env: {}, cwd: "/work", readFile });
  assert.deepEqual(root.toValue(), { a: 1 });
  assert.match(asked[0] as string, /C:\\etc\\otel\.yaml$/);
});

test("reads env: and yaml: sources", async () => {
  const { root, diagnostics } = await resolveConfig({
    uris: ["env:CONFIG", "yaml:receivers::x::timeout: 5s"],
    env: { CONFIG: "receivers: {x: {timeout: 1s, labels: {a: b}}}" },
    cwd: "/",
  });
  assert.deepEqual(diagnostics.items, []);
  assert.deepEqual(root.toValue(), { receivers: { x: { timeout: "5s", labels: { a: "b" } } } });
});

test("reports every source that cannot be used", async () => {
  const { root, diagnostics } = await resolveConfig({
    uris: ["missing.yaml", "ftp:x", "http://host/c.yaml", "env:1", "env:UNSET", "yaml:[a]", "yaml:{a"],
    sets: ["key:name", ".=1", "a.b={"],
    env: {},
    cwd: tmpdir(),
  });
  assert.deepEqual(root.toValue(), {});
  assert.deepEqual(messagesOf(diagnostics), [
    'missing.yaml:0:0: error: unable to read the file "missing.yaml": no such file or directory',
    'ftp:x:0:0: error: unsupported scheme on URI "ftp:x" (supported: file, env, yaml)',
    'http://host/c.yaml:0:0: error: configuration over http is not supported: save "http://host/c.yaml" to a file',
    'env:1:0:0: error: environment variable "1" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$',
    'env:UNSET:0:0: warning: environment variable "UNSET" is not set',
    "yaml::1:1: error: a configuration must be a map, got a list",
    "yaml::1:3: error: invalid YAML: flow map must end with a }",
    ':0:0: error: invalid value "key:name" for flag --set: missing equal sign',
    '--set:1:1: error: invalid key "." for flag --set',
    "--set:1:6: error: invalid YAML: flow map must end with a }",
  ]);
});

test("maps join, scalars and lists are replaced, null erases", async () => {
  const base = "p: {a: 1, b: [1, 2], c: {d: 1}, e: {f: 1}}";
  assert.deepEqual(await resolvedValue([base, "p: {b: [3], c: {g: 2}, e: }"]), {
    p: { a: 1, b: [3], c: { d: 1, g: 2 }, e: null },
  });
  assert.deepEqual(await resolvedValue([base, "p:", "p: {z: 1}"]), { p: { z: 1 } });
});

test("--set is merged last, its dots and double colons nest, its value is YAML", async () => {
  assert.deepEqual(
    await resolvedValue(["a: {b: 1, c: 2}"], { sets: ["a.b=3", "a::d=[x, 1]", "e=", "f={g: h}"] }),
    {
      a: { b: 3, c: 2, d: ["x", 1] },
      e: null,
      f: { g: "h" },
    },
  );
});

test("a value from --set points into the flag", async () => {
  const { root } = await resolveTexts([], { sets: ["a.b=3"] });
  const { source, line, column } = root.at(["a", "b"])?.position ?? assert.fail();
  assert.deepEqual([source.name, source.lines, line, column], ["--set", ["a.b=3"], 1, 5]);
});

test("a merged value has the place where it was written last, a joined section where it was written first", async () => {
  const { root } = await resolveTexts(["a:\n  b: 1\n  c: 2\n", "\n\na: {b: 3}\n"]);
  const place = (path: string[]) => {
    const { source, line, column } = root.at(path)?.position ?? assert.fail();
    return `${source.name}:${line}:${column}`;
  };
  assert.deepEqual(
    [place(["a"]), place(["a", "b"]), place(["a", "c"])],
    ["0.yaml:2:3", "1.yaml:3:8", "0.yaml:3:6"],
  );
});

test("a::b nests and joins in maps, but stays a key within items of lists", async () => {
  assert.deepEqual(await resolvedValue("a::b::c: 1\na: {b: {d: 2}}\na::e: 3\nl: [{x::y: 1}]\n'::z': 4\n"), {
    a: { b: { c: 1, d: 2 }, e: 3 },
    l: [{ "x::y": 1 }],
    "::z": 4,
  });
});
