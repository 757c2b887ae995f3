import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expositionTargets } from "./targets/exposition.ts";
import { languageTargets } from "./targets/languages.ts";
import { otlpTargets } from "./targets/otlp.ts";

export const targets = [...expositionTargets, ...otlpTargets, ...languageTargets];

const root = new URL("corpus/", import.meta.url);

/** The inputs kept for a target: those with a fate of their own, and those that failed once. */
export async function readCorpus(target: string): Promise<Buffer[]> {
  const folder = new URL(`${target}/`, root);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return await Promise.all(names.sort().map((name) => readFile(new URL(name, folder))));
}

/** @returns where it was written */
export async function keep(target: string, input: Buffer, prefix = ""): Promise<string> {
  const folder = new URL(`${target}/`, root);
  await mkdir(folder, { recursive: true });
  const name = prefix + createHash("sha256").update(input).digest("hex").slice(0, 16);
  const file = new URL(name, folder);
  await writeFile(file, input);
  return fileURLToPath(file);
}
