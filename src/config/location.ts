import { readFile as readFileFromDisk } from "node:fs/promises";
import { resolve } from "node:path";
import { CollectorError } from "../errors/index.ts";
import { createSource, type Source } from "./source.ts";

/** Where configuration text comes from. */
export interface Environment {
  /** Variables for `env:`; usually process.env. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative `file:` paths start from. */
  readonly cwd: string;
  /** Reads a file as UTF-8; default: from the disk. */
  readonly readFile?: (path: string) => Promise<string>;
}

/** A text and the source it makes; `unset` when an environment variable is not there (the text is then empty). */
export interface Retrieved {
  readonly text: string;
  readonly source: Source;
  readonly unset?: string;
}

export const schemes = ["file", "env", "yaml"] as const;

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;
const envName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The scheme and what follows it; no scheme for plain paths and Windows drive letters ("C:\x"). */
export function splitUri(uri: string): { readonly scheme: string | undefined; readonly rest: string } {
  const match = schemePattern.exec(uri);
  return match === null ? { scheme: undefined, rest: uri } : { scheme: match[1], rest: match[2] as string };
}

/**
 * Reads `file:path`, `env:NAME`, `env:NAME:-default` or `yaml:text`. `display` names the source in messages.
 * @throws CollectorError CONFIG_SOURCE: unknown scheme, unreadable file, invalid variable name
 */
export async function retrieve(scheme: string, rest: string, environment: Environment): Promise<Retrieved> {
  switch (scheme) {
    case "file":
      return retrieveFile(rest, environment);
    case "env":
      return retrieveEnv(rest, environment);
    case "yaml":
      return { text: rest, source: createSource("yaml:", rest) };
    case "http":
    case "https":
      throw new CollectorError(
        "CONFIG_SOURCE",
        `configuration over ${scheme} is not supported: save ${JSON.stringify(`${scheme}:${rest}`)} to a file`,
      );
    default:
      throw new CollectorError(
        "CONFIG_SOURCE",
        `unsupported scheme on URI ${JSON.stringify(`${scheme}:${rest}`)} (supported: ${schemes.join(", ")})`,
      );
  }
}

async function retrieveFile(name: string, { cwd, readFile }: Environment): Promise<Retrieved> {
  // file:///C:/x has the slashes of a URL before a drive letter.
  const path = resolve(cwd, name.replace(/^\/+(?=[A-Za-z]:[\\/])/, ""));
  const read = readFile ?? ((file: string) => readFileFromDisk(file, "utf8"));
  try {
    const text = await read(path);
    return { text, source: createSource(name, text, path) };
  } catch (cause) {
    throw new CollectorError(
      "CONFIG_SOURCE",
      `unable to read the file ${JSON.stringify(name)}: ${reason(cause)}`,
      {
        cause,
      },
    );
  }
}

function retrieveEnv(rest: string, { env }: Environment): Retrieved {
  const split = rest.indexOf(":-");
  const name = split < 0 ? rest : rest.slice(0, split);
  if (!envName.test(name)) {
    throw new CollectorError(
      "CONFIG_SOURCE",
      `environment variable ${JSON.stringify(name)} has invalid name: must match regex ${envName.source}`,
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  const text = value ?? (split < 0 ? "" : rest.slice(split + 2));
  const source = createSource(`env:${name}`, text);
  return value === undefined && split < 0 ? { text, source, unset: name } : { text, source };
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "is a directory";
  return message ?? String(error);
}
