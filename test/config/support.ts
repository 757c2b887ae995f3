import { type Diagnostics, formatDiagnostics, resolveConfig } from "../../src/config/index.ts";

export interface Inputs {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly sets?: readonly string[];
}

/** Resolves YAML texts as files 0.yaml, 1.yaml, … that need no disk. */
export async function resolveTexts(
  texts: readonly string[],
  { env = {}, files = {}, sets = [] }: Inputs = {},
) {
  const all = new Map(Object.entries(files));
  for (const [i, text] of texts.entries()) all.set(`${i}.yaml`, text);
  return resolveConfig({
    uris: texts.map((_, i) => `${i}.yaml`),
    sets,
    env,
    cwd: "/work",
    readFile: async (path) => {
      const name = path.split(/[\\/]/).at(-1) as string;
      const text = all.get(name);
      if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
      return text;
    },
  });
}

export async function resolvedValue(
  texts: string | readonly string[],
  inputs: Inputs = {},
): Promise<unknown> {
  const { root, diagnostics } = await resolveTexts([texts].flat(), inputs);
  if (diagnostics.hasErrors) throw new Error(formatDiagnostics(diagnostics.items));
  return root.toValue();
}

export function messagesOf(diagnostics: Diagnostics): readonly string[] {
  return diagnostics.items.map(
    ({ severity, file, line, column, path, message }) =>
      `${file}:${line}:${column}: ${severity}: ${path === "" ? "" : `${path}: `}${message}`,
  );
}
