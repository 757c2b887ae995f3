import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { parse, stringify } from "yaml";
import { formatDiagnostics } from "../../src/config/index.ts";
import { components } from "../../src/distribution/index.ts";
import { loadConfig, Service } from "../../src/service/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { runPipelineTest } from "../../src/testing/index.ts";
import { root } from "../support/built-tree.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { complement, definitionOf, type Fragment, SECTIONS } from "./complete-config.ts";
import { type Block, markdownFiles, read, textOf } from "./markdown.ts";

/** What snippets and the chart read of the environment. */
const env = {
  API_KEY: "key",
  OTLP_ENDPOINT: "https://otlp.example.com",
  K8S_NODE_NAME: "node01",
  POD_IP: "10.0.0.1",
};
const blocks = markdownFiles().flatMap((file) => read(file).blocks);
const indented = (text: string) => text.replaceAll(/^(?=.)/gm, "  ");

/** Validates as `otelcol-kubevirt validate` does, with what the snippet leaves out beside it. */
async function validate(t: Cleanup, text: string, base?: string): Promise<void> {
  const directory = await temporaryDirectory(t);
  const processor = textOf("docs/custom-processors.md").match(/```ts\n(.*?)```/s)?.[1] ?? "";
  await writeFile(join(directory, "tenant.ts"), processor);
  const beside = base ?? `yaml:${stringify(complement(parse(text) as Fragment))}`;
  const { config, diagnostics } = await loadConfig(
    { uris: [beside, `yaml:${text}`], env, cwd: directory },
    components,
  );
  assert.equal(formatDiagnostics(diagnostics.items), "");
  assert.ok(config);
  new Service(config, {
    logger: silentLogger,
    meter: createNoopMeter(),
    build: { command: "otelcol-kubevirt", version: "0.0.0" },
  });
}

/** A pipeline test lies beside the configuration that it names. */
async function pipelineTest(t: Cleanup, text: string): Promise<void> {
  const directory = await temporaryDirectory(t);
  const { config } = parse(text);
  await copyFile(join(root, "pipelines", config), join(directory, config));
  const file = join(directory, "snippet.test.yaml");
  await writeFile(file, text);
  const { steps } = await runPipelineTest(file, { components });
  assert.deepEqual(
    steps.flatMap(({ diff }) => diff ?? []),
    [],
  );
}

function check(t: Cleanup, { file, text }: Block): Promise<void> | undefined {
  const snippet = parse(text) as Readonly<Record<string, unknown>>;
  const keys = Object.keys(snippet);
  const has = (...names: readonly string[]) => names.every((name) => keys.includes(name));
  if (keys.every((key) => key === "service" || (SECTIONS as readonly string[]).includes(key)))
    return validate(t, text);
  if (has("modules")) return validate(t, `service:\n${indented(text)}`);
  if (has("steps")) return pipelineTest(t, text);
  if (has("extraConfig")) {
    const values = parse(textOf("deploy/helm/otelcol-kubevirt/values.yaml"));
    for (const key of keys) assert.ok(key in values, `values.yaml has no ${key}`);
    return validate(
      t,
      stringify(snippet["extraConfig"]),
      join(root, "deploy/helm/otelcol-kubevirt/config/node.yaml"),
    );
  }
  // A kustomization, and the configuration of prometheus-adapter.
  if (has("resources", "patches") || has("rules")) return Promise.resolve();
  const folder = SECTIONS.find((one) => file.startsWith(`src/${one}/`));
  const [section] = definitionOf(keys[0]?.split("/")[0] ?? "", folder && [folder]) ?? [];
  return section && validate(t, `${section}:\n${indented(text)}`);
}

describe("YAML of the documentation is valid", () => {
  for (const block of blocks.filter(({ language }) => language === "yaml")) {
    test(`${block.file}:${block.line}`, async (t) => {
      const checked = check(t, block);
      assert.ok(checked, "nobody knows what it belongs to");
      await checked;
    });
  }
});
