import assert from "node:assert/strict";
import { test } from "node:test";
import { formatJson } from "../../scripts/generate/format-json.ts";
import { fillBlock, generatedFiles } from "../../scripts/generate/generated-files.ts";
import { z } from "../../src/config/index.ts";

const config = z.strictObject({ size: z.int().default(3).describe("How many.") });
const definition = (type: string) => ({ type, stability: "beta" as const, description: "Does it", config });

test("fills READMEs, the reference and the schema, and tells what it cannot fill", async () => {
  const readmes: Record<string, string> = {
    "src/processors/my-batch/README.md":
      "# x\n<!-- example:start -->old<!-- example:end -->\n<!-- options:start -->\nold\n<!-- options:end -->\ntail\n",
    "src/processors/plain/README.md": "# x\n<!-- options:start --><!-- options:end -->\n",
    "src/processors/exempt/README.md": "<!-- options:start --><!-- options:end -->\n",
    "src/processors/broken/README.md": "<!-- options:start --><!-- options:end -->\n",
    "src/exporters/nop/README.md": "# no markers\n",
  };
  const { files, problems } = await generatedFiles({
    components: {
      receivers: [definition("gone")],
      processors: [definition("my_batch"), definition("plain"), definition("exempt"), definition("broken")],
      exporters: [{ ...definition("nop"), aliases: ["none"] }],
      extensions: [],
      connectors: [],
    },
    service: z.strictObject({ level: z.string().default("info").describe("How much.") }),
    configSchema: { type: "object" },
    example: async (type) => {
      if (type === "broken") throw new Error("does not pass");
      return type === "exempt" ? undefined : "\nexample\n";
    },
    read: async (path) => readmes[path],
  });
  assert.deepEqual(problems, [
    "src/receivers/gone/README.md: does not exist",
    "src/processors/plain/README.md: lacks <!-- example:start --> … <!-- example:end -->",
    "src/processors/broken/example.test.yaml: does not pass",
    "src/exporters/nop/README.md: lacks <!-- options:start --> … <!-- options:end -->",
  ]);
  assert.deepEqual(
    files.map(({ path }) => path),
    [
      "src/processors/my-batch/README.md",
      "src/processors/exempt/README.md",
      "src/processors/broken/README.md",
      "docs/config-reference.md",
      "docs/config.schema.json",
    ],
  );
  const contentOf = (path: string) => files.find((file) => file.path === path)?.content;
  const readme = contentOf("src/processors/my-batch/README.md");
  const reference = contentOf("docs/config-reference.md");
  const schema = contentOf("docs/config.schema.json");
  const table =
    "| option | type | default | description |\n|---|---|---|---|\n| `size` | integer | `3` | How many. |\n";
  assert.equal(
    readme,
    `# x\n<!-- example:start -->\nexample\n<!-- example:end -->\n<!-- options:start -->\n${table}<!-- options:end -->\ntail\n`,
  );
  assert.ok(
    reference?.includes(
      `### \`my_batch\`\n\nDoes it. Stability: beta. [More](../src/processors/my-batch/README.md).\n\n${table}`,
    ),
  );
  assert.ok(reference?.includes("## processors\n\n### `broken`"));
  assert.ok(reference?.includes("Also written `none`."));
  assert.ok(!reference?.includes("## extensions"));
  assert.equal(schema, '{\n  "type": "object"\n}\n');
});

test("filling again changes nothing", () => {
  const once = fillBlock("a\n<!-- options:start --><!-- options:end -->\n", "options", "\nt\n");
  assert.equal(fillBlock(once, "options", "\nt\n"), once);
});

test("JSON keeps short lists on one line and round-trips", () => {
  const value = { a: ["x", 1], b: { c: [], d: {} }, e: ["y".repeat(60), "z".repeat(60)], f: [{ g: null }] };
  const text = formatJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.ok(text.includes('"a": ["x", 1]'));
  assert.ok(text.split("\n").every((line) => line.length <= 110));
});
