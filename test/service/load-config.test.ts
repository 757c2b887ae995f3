import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDiagnostics } from "../../src/config/index.ts";
import { configJsonSchema, loadConfig } from "../../src/service/index.ts";
import { recordingComponents } from "../support/components.ts";

async function problems(yaml: string): Promise<string> {
  const { components } = recordingComponents();
  const { config, diagnostics } = await loadConfig(
    { uris: [`yaml:${yaml.trim()}`], env: {}, cwd: "." },
    components,
  );
  assert.equal(config, undefined);
  return formatDiagnostics(diagnostics.items);
}

const head = `
receivers: { rec: }
exporters: { rec: }
`;

test("every problem is reported at once, each with its place", async () => {
  const text = await problems(`
receiver: { rec: }
receivers:
  rec: { tagg: x }
  rek/2:
exporters:
  rec/unused: { tag: [1] }
  bad id:
service:
  pipelines:
    metrics: { receivers: [rec], exporters: [rec/unusd] }
    traces: { receivers: [rec], exporters: [rec/unused] }
    metrics/empty:
`);
  for (const expected of [
    /1:1: error: receiver: unknown section "receiver"/,
    /did you mean "receivers"/,
    /3:10: error: receivers::rec(::tagg)?: unknown option "tagg"/,
    /did you mean "tag"/,
    /4:3: error: receivers::rek\/2: unknown receiver type "rek"/,
    /6:\d+: error: exporters::rec\/unused::tag: /,
    /7:3: error: exporters::bad id: in "bad id" id: invalid character/,
    /10:\d+: error: service::pipelines::metrics(::exporters)?: references exporter "rec\/unusd" which is not configured/,
    /did you mean "rec\/unused"/,
    /11:5: error: service::pipelines::traces: this collector carries metrics only, not traces/,
    /metrics\/empty: must have at least one receiver/,
    /metrics\/empty: must have at least one exporter/,
  ]) {
    assert.match(text, expected);
  }
});

test("a service without pipelines is refused", async () => {
  assert.match(
    await problems(`${head}service:`),
    /service::pipelines: service must have at least one pipeline/,
  );
  assert.match(await problems(head), /service: is missing/);
});

test("a processor may stand once in a pipeline", async () => {
  const text = await problems(`${head}
processors: { rec: }
service: { pipelines: { metrics: { receivers: [rec], processors: [rec, rec], exporters: [rec] } } }`);
  assert.match(text, /service::pipelines::metrics: references processor "rec" multiple times/);
});

test("an extension that a component uses must be configured and started", async () => {
  const text = await problems(`
receivers: { rec: }
exporters: { rec/1: { extension: rec/none }, rec/2: { extension: rec/idle } }
extensions: { rec/idle: }
service: { pipelines: { metrics: { receivers: [rec], exporters: [rec/1, rec/2] } } }`);
  assert.match(
    text,
    /exporters::rec\/1::extension: references extension "rec\/none" which is not configured/,
  );
  assert.match(text, /exporters::rec\/2::extension: references extension "rec\/idle" which is not started/);
});

test("an alias works and is remarked on", async () => {
  const { components } = recordingComponents();
  const yaml = `receivers: { rec: }
exporters: { recorder/1: }
service: { pipelines: { metrics: { receivers: [rec], exporters: [recorder/1] } } }`;
  const { config, diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  assert.ok(config?.exporters.has("recorder/1"));
  assert.match(
    formatDiagnostics(diagnostics.items),
    /warning: exporters::recorder\/1: "recorder" alias is deprecated; use "rec"/,
  );
});

test("the JSON Schema knows every component and the service", () => {
  const schema = configJsonSchema(recordingComponents().components);
  const properties = schema["properties"] as Record<
    string,
    { patternProperties?: object; properties?: object }
  >;
  assert.deepEqual(Object.keys(properties), [
    "receivers",
    "processors",
    "exporters",
    "extensions",
    "connectors",
    "service",
  ]);
  assert.deepEqual(Object.keys(properties["exporters"]?.patternProperties ?? {}), [
    "^rec(/.+)?$",
    "^recorder(/.+)?$",
  ]);
  assert.ok("pipelines" in (properties["service"]?.properties ?? {}));
});
