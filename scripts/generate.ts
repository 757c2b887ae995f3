/**
 * Writes what is derived from the component schemas and from the processors' examples: the options tables and the
 * before and after in the components' READMEs, docs/config-reference.md and docs/config.schema.json. With --check it writes nothing, lists what is stale and exits 1.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { components } from "../src/distribution/index.ts";
import { configJsonSchema, serviceSchema } from "../src/service/index.ts";
import { generatedFiles } from "./generate/generated-files.ts";
import { processorExample, withoutExample } from "./generate/processor-example.ts";

const root = new URL("../", import.meta.url);
const check = process.argv.includes("--check");

async function read(path: string): Promise<string | undefined> {
  try {
    // A checkout on Windows may have CRLF; the comparison is about content.
    return (await readFile(new URL(path, root), "utf8")).replaceAll("\r\n", "\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function example(type: string): Promise<string | undefined> {
  if (type in withoutExample) return undefined;
  const file = new URL(`src/processors/${type.replaceAll("_", "-")}/example.test.yaml`, root);
  return await processorExample(fileURLToPath(file), components);
}

const { files, problems } = await generatedFiles({
  components,
  service: serviceSchema,
  configSchema: configJsonSchema(components),
  example,
  read,
});
for (const problem of problems) console.error(problem);
const stale: string[] = [];
for (const { path, content } of files) {
  if ((await read(path)) === content) continue;
  stale.push(path);
  if (!check) await writeFile(fileURLToPath(new URL(path, root)), content);
}
for (const path of stale) console.log(check ? `${path}: stale, run npm run generate` : `wrote ${path}`);
if (problems.length > 0 || (check && stale.length > 0)) process.exitCode = 1;
