import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "./config-options.ts";
import type { Command } from "./terminal.ts";

const TYPE = /^[a-z][a-z0-9_]{0,62}$/;

export const newCommand: Command = {
  summary: "write the beginnings of a component of your own, with its test",
  usage: `Usage: otelcol-kubevirt new processor NAME [--dir DIRECTORY]

  NAME   type of the processor, lower_snake_case
  --dir  where to write (default: the working directory)`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { dir: { type: "string", default: "." } },
    });
    const [what, name, ...rest] = positionals;
    if (what !== "processor" || name === undefined || rest.length > 0) {
      throw new UsageError('new needs "processor" and a name');
    }
    if (!TYPE.test(name)) {
      throw new UsageError(
        `a name is a lower-case letter and up to 62 of a-z, 0-9 and _, got ${JSON.stringify(name)}`,
      );
    }
    const directory = resolve(terminal.cwd, values.dir);
    const kebab = name.replaceAll("_", "-");
    const files = { [`${kebab}.ts`]: processorText(name), [`${kebab}.test.yaml`]: testText(name, kebab) };
    const taken = Object.keys(files).find((file) => existsSync(join(directory, file)));
    if (taken !== undefined) throw new Error(`${join(directory, taken)} is there already`);
    await mkdir(directory, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
    terminal.out(`wrote ${Object.keys(files).join(" and ")} to ${directory}
run its test:   otelcol-kubevirt test ${join(values.dir, `${kebab}.test.yaml`)}
use it:         add ./${kebab}.ts to service::modules and ${name} to a pipeline's processors
`);
    return 0;
  },
};

function processorText(name: string): string {
  return `import { defineProcessor, type MetricsBatch, z } from "otelcol-kubevirt";

export default defineProcessor({
  type: "${name}",
  stability: "development",
  config: z.strictObject({
    label: z.string().default("tenant").describe("Attribute that is set on each resource."),
    value: z.string().describe("What it is set to."),
  }),
  create({ config }) {
    return {
      // Batches are read-only: return new objects for what changes, and the same ones for what does not.
      process(batch: MetricsBatch): MetricsBatch {
        return batch.map((one) => ({
          ...one,
          resource: { ...one.resource, attributes: { ...one.resource.attributes, [config.label]: config.value } },
        }));
      },
    };
  },
});
`;
}

function testText(name: string, kebab: string): string {
  return `name: ${name} sets its attribute
config:
  receivers: { kubevirt_handler: { targets: [{ metrics_endpoint: "https://localhost:8443/metrics" }] } }
  processors: { ${name}: { value: shop } }
  exporters: { nop: }
  service:
    modules: [./${kebab}.ts]
    pipelines: { metrics: { receivers: [kubevirt_handler], processors: [${name}], exporters: [nop] } }
resource: { service.name: virt-handler }
steps:
  - scrape: |
      # TYPE kubevirt_vmi_memory_available_bytes gauge
      kubevirt_vmi_memory_available_bytes{name="vm-1",namespace="shop"} 1024
    match: subset
    expect: |
      resource service.name="virt-handler" tenant="shop"
        kubevirt_vmi_memory_available_bytes gauge
          {name="vm-1",namespace="shop"} 1024
`;
}
