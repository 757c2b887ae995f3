import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FileSource, fileSdSchema } from "../../src/discovery/index.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { follow, hastyClock, targetTexts } from "./support.ts";

async function start(t: Parameters<typeof follow>[0], files: readonly string[]) {
  const clock = hastyClock();
  const told = await follow(t, new FileSource(fileSdSchema.parse({ files, refresh_interval: "1h" }), clock));
  return {
    told,
    clock,
    until: async (wanted: readonly string[]) => {
      await told.until(() => JSON.stringify(targetTexts(told.last)) === JSON.stringify(wanted));
    },
  };
}

test("JSON and YAML files give targets with labels and the path of their file", async (t) => {
  const directory = await temporaryDirectory(t);
  const [json, yaml] = [join(directory, "a.json"), join(directory, "b.yml")];
  await writeFile(json, '[{"targets": ["h:1", "h:2"], "labels": {"env": "x"}}, {"targets": ["h:3"]}]');
  await writeFile(
    yaml,
    "- targets: [h:4]\n  labels: { shard: 007, on: true, v: 1.10 }\n- targets:\n  labels:\n",
  );
  const { told } = await start(t, [json, yaml]);
  assert.deepEqual(targetTexts(told.last), [
    `h:1{env=x,__meta_filepath=${json}}`,
    `h:2{env=x,__meta_filepath=${json}}`,
    `h:3{__meta_filepath=${json}}`,
    `h:4{shard=007,on=true,v=1.10,__meta_filepath=${yaml}}`,
  ]);
  assert.deepEqual(told.errors, []);
});

test("files that come, change and go are followed, by pattern too", async (t) => {
  const directory = await temporaryDirectory(t);
  const file = (name: string) => join(directory, name);
  await writeFile(file("a.yaml"), "- targets: [a:1]\n");
  await writeFile(file("other.txt"), "- targets: [no:1]\n");
  const { told, until } = await start(t, [join(directory, "*.yaml")]);
  const shown = (address: string, name: string) => `${address}{__meta_filepath=${file(name)}}`;
  assert.deepEqual(targetTexts(told.last), [shown("a:1", "a.yaml")]);
  await writeFile(file("b.yaml"), "- targets: [b:1]\n");
  await until([shown("a:1", "a.yaml"), shown("b:1", "b.yaml")]);
  await writeFile(file("next"), "- targets: [a:2]\n");
  await rename(file("next"), file("a.yaml"));
  await until([shown("a:2", "a.yaml"), shown("b:1", "b.yaml")]);
  await rm(file("b.yaml"));
  await until([shown("a:2", "a.yaml")]);
  assert.deepEqual(told.errors, []);
});

test("a mounted ConfigMap is followed through its symbolic links", async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, "targets.yaml");
  for (const version of ["1", "2"]) {
    await mkdir(join(directory, `..v${version}`));
    await writeFile(join(directory, `..v${version}`, "targets.yaml"), `- targets: [a:${version}]\n`);
  }
  await symlink("..v1", join(directory, "..data"), "junction");
  await symlink(join("..data", "targets.yaml"), path);
  const { until } = await start(t, [path]);
  await until([`a:1{__meta_filepath=${path}}`]);
  await symlink("..v2", join(directory, "..next"), "junction");
  await rename(join(directory, "..next"), join(directory, "..data"));
  await until([`a:2{__meta_filepath=${path}}`]);
});

test("a malformed file keeps its targets, and others are followed on", async (t) => {
  const directory = await temporaryDirectory(t);
  const [a, b] = [join(directory, "a.json"), join(directory, "b.json")];
  await writeFile(a, '[{"targets": ["a:1"]}]');
  await writeFile(b, '[{"targets": ["b:1"]}]');
  const { told, until } = await start(t, [a, b]);
  const bad: readonly (readonly [text: string, message: RegExp])[] = [
    ['[{"targets": ["a:2"]', /JSON/],
    ['{"targets": ["a:2"]}', /expected a list of target groups, got a map/],
    ["[null]", /group 1: expected a map with targets and labels, got nothing/],
    [
      '[{"targets": ["a:2"]}, {"target": []}]',
      /group 2: unknown key "target", allowed are targets and labels/,
    ],
    ['[{"targets": "a:2"}]', /group 1: expected a list of targets, got string "a:2"/],
    ['[{"targets": [2]}]', /group 1: expected a target as text, got number 2/],
    ['[{"targets": [], "labels": []}]', /group 1: expected a map of labels, got a list/],
    ['[{"targets": [], "labels": {"a": 1}}]', /group 1: expected text for label "a", got number 1/],
  ];
  for (const [i, [text, message]] of bad.entries()) {
    await writeFile(a, text);
    await writeFile(b, `[{"targets": ["b:${i + 2}"]}]`);
    await until([`a:1{__meta_filepath=${a}}`, `b:${i + 2}{__meta_filepath=${b}}`]);
    await told.until(() => message.test(told.errors.at(-1) ?? ""));
    assert.ok(told.errors.at(-1)?.includes(JSON.stringify(a)), told.errors.at(-1));
  }
  await writeFile(a, '[{"targets": ["a:9"]}]');
  await until([`a:9{__meta_filepath=${a}}`, `b:${bad.length + 1}{__meta_filepath=${b}}`]);
});

test("a file that is not there yet, nor its directory, is found later", async (t) => {
  const directory = join(await temporaryDirectory(t), "later");
  const path = join(directory, "a.yaml");
  const { told, clock, until } = await start(t, [path]);
  assert.match(told.errors[0] ?? "", /ENOENT/);
  await mkdir(directory);
  await writeFile(path, "- targets: [a:1]\n");
  clock.hurry();
  await until([`a:1{__meta_filepath=${path}}`]);
});

test("paths that are no target files are refused", () => {
  for (const path of ["targets.txt", "*/targets.yaml", "targets"]) {
    assert.equal(fileSdSchema.safeParse({ files: [path] }).success, false, path);
  }
  assert.equal(fileSdSchema.safeParse({ files: [] }).success, false);
  assert.equal(fileSdSchema.parse({ files: ["dir/*.yaml"] }).refresh_interval, 300_000);
});
