import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createNoopMeter } from "@opentelemetry/api";
import { parse } from "yaml";
import { withoutExample } from "../../scripts/generate/processor-example.ts";
import { type Component, type Consumer, type Definition, systemClock } from "../../src/component/index.ts";
import {
  Diagnostics,
  formatDiagnostics,
  optionRows,
  resolveConfig,
  validateNode,
} from "../../src/config/index.ts";
import { components } from "../../src/distribution/index.ts";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { serviceSchema } from "../../src/service/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { runPipelineTest } from "../../src/testing/index.ts";
import { everyKindBatch } from "../support/batches.ts";

// What asks the Kubernetes API finds nobody there, and must cope.
process.env["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
process.env["KUBERNETES_SERVICE_PORT"] = "1";

const all: readonly Definition[] = Object.values(components).flat();

function folder({ kind, type }: Definition): URL {
  return new URL(`../../src/${kind}s/${type.replaceAll("_", "-")}/`, import.meta.url);
}

function sampleText(definition: Definition): string {
  return readFileSync(new URL("sample.yaml", folder(definition)), "utf8");
}

/** The typed config of the component's sample. */
async function sampleConfig(definition: Definition): Promise<unknown> {
  const { root, diagnostics } = await resolveConfig({
    uris: [`yaml:${sampleText(definition)}`],
    env: {},
    cwd: ".",
  });
  const node = root.get(definition.type);
  assert.ok(node, `sample.yaml must configure "${definition.type}"`);
  const config = validateNode(node, definition.config, { diagnostics });
  assert.deepEqual(formatDiagnostics(diagnostics.items), "");
  return config;
}

async function instance(definition: Definition, next: Consumer): Promise<Component & Partial<Consumer>> {
  return definition.create({
    id: definition.type,
    config: await sampleConfig(definition),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock: systemClock,
    reportStatus() {},
    build: { command: "test", version: "0.0.0" },
    next,
  });
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

for (const definition of all) {
  describe(`${definition.kind} ${definition.type}`, () => {
    test("its sample is valid and names every option", async () => {
      await sampleConfig(definition);
      const text = sampleText(definition);
      // What many components share is explained once, in their READMEs' tables.
      const own = optionRows(definition.config).filter(
        ({ path }) => !/(^|::)(tls|authorization)::/.test(path),
      );
      const keys = own.map(({ path }) => path.replace(/\[\]$/, "").split("::").at(-1) ?? "");
      const missing = keys.filter((key) => !key.includes("<") && !text.includes(`${key}:`));
      assert.deepEqual(missing, []);
    });

    test("an unknown option is refused, with a hint where one is near", async () => {
      const { root } = await resolveConfig({ uris: [`yaml:${sampleText(definition)}`], env: {}, cwd: "." });
      const sample = (root.get(definition.type)?.toValue() ?? {}) as Record<string, unknown>;
      const yaml = JSON.stringify({ x: { ...sample, no_such_option: 1 } });
      const resolved = await resolveConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." });
      const diagnostics = new Diagnostics();
      const node = resolved.root.get("x");
      assert.ok(node);
      assert.equal(validateNode(node, definition.config, { diagnostics, path: ["x"] }), undefined);
      assert.match(
        formatDiagnostics(diagnostics.items),
        /x::no_such_option: unknown option "no_such_option"/,
      );
    });

    test("every option is described", () => {
      const bare = optionRows(definition.config).filter(({ description }) => description.trim() === "");
      assert.deepEqual(
        bare.map(({ path }) => path),
        [],
      );
    });

    test("it has a README and a description", () => {
      assert.ok(definition.description, "description");
      const readme = readFileSync(new URL("README.md", folder(definition)), "utf8");
      assert.match(readme, /<!-- options:start -->/);
    });

    test("it can be shut down without a start, and twice", async () => {
      const component = await instance(definition, { consume: async () => {} });
      await component.shutdown?.(0);
      await component.shutdown?.(0);
    });

    if (definition.kind === "processor" && !(definition.type in withoutExample)) {
      test("its example comes true, and says all that comes out", async () => {
        const file = fileURLToPath(new URL("example.test.yaml", folder(definition)));
        const { steps, ok } = await runPipelineTest(file, { components });
        assert.ok(ok, steps.map(({ step, diff = "" }) => `${step}\n${diff}`).join("\n"));
        const test = parse(readFileSync(file, "utf8"));
        assert.ok(test.steps.some((step: object) => "expect" in step));
        assert.ok([...test.steps, test.finally].every((step) => step?.match !== "subset"));
        assert.equal(Object.keys(test.config.processors).at(-1), definition.type);
      });
    }

    if (definition.kind === "processor") {
      test("it leaves frozen input as it is", async () => {
        const received: MetricsBatch[] = [];
        const component = await instance(definition, {
          consume: async (batch) => void received.push(batch.resourceMetrics),
        });
        await component.start?.({ extension: () => undefined });
        const objects = deepFreeze(everyKindBatch());
        const before = structuredClone(objects);
        await component.consume?.(Batch.from(objects));
        await component.shutdown?.(0);
        assert.deepEqual(objects, before);
      });
    }
  });
}

test("types are unique, and aliases take no other's name", () => {
  for (const definitions of Object.values(components) as (readonly Definition[])[]) {
    const names = definitions.flatMap(({ type, aliases = [] }) => [type, ...aliases]);
    assert.deepEqual(names, [...new Set(names)]);
  }
});

test("what has no example is there, and says why", () => {
  const types = components.processors.map(({ type }) => type);
  for (const [type, reason] of Object.entries(withoutExample)) {
    assert.ok(types.includes(type), type);
    assert.ok(reason.length > 0, type);
  }
});

test("every option of the service section is described", () => {
  const bare = optionRows(serviceSchema).filter(({ description }) => description.trim() === "");
  assert.deepEqual(
    bare.map(({ path }) => path),
    [],
  );
});
