import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { Environment } from "./in-cluster.ts";

const clusterSchema = z.object({
  server: z.string(),
  "certificate-authority": z.string().optional(),
  "certificate-authority-data": z.string().optional(),
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": z.string().optional(),
  "proxy-url": z.string().optional(),
});

const execSchema = z.object({
  apiVersion: z.enum(["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: z.enum(["Never", "IfAvailable", "Always"]).nullish(),
  provideClusterInfo: z.boolean().nullish(),
  installHint: z.string().nullish(),
});

const userSchema = z.object({
  "client-certificate": z.string().optional(),
  "client-certificate-data": z.string().optional(),
  "client-key": z.string().optional(),
  "client-key-data": z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: execSchema.optional(),
  "auth-provider": z.unknown().optional(),
});

const contextSchema = z.object({
  cluster: z.string(),
  user: z.string().optional(),
  namespace: z.string().optional(),
});

const fileSchema = z.object({
  "current-context": z.string().nullish(),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: contextSchema })).nullish(),
});

export type ClusterEntry = z.output<typeof clusterSchema>;
export type UserEntry = z.output<typeof userSchema>;
export type ExecEntry = z.output<typeof execSchema>;

/** The parts of a kubeconfig that one context names, each with the directory that its relative paths start from. */
export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: ClusterEntry;
  readonly clusterDirectory: string;
  readonly user: UserEntry;
  readonly userDirectory: string;
  readonly namespace: string | undefined;
}

/** Which files: the given one, else those of KUBECONFIG, else `~/.kube/config`. */
export function kubeconfigFiles(file: string | undefined, environment: Environment): readonly string[] {
  if (file !== undefined) return [file];
  const listed = (environment["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? listed : [join(homedir(), ".kube", "config")];
}

/**
 * Reads and merges kubeconfig files as kubectl does: of entries with one name the first counts, files that do not exist
 * are skipped as long as one does.
 * @param wanted the context; default the files' current one
 * @throws CollectorError COMPONENT_START naming the file and the entry
 */
export async function readKubeconfig(
  files: readonly string[],
  wanted: string | undefined,
): Promise<KubeconfigContext> {
  const parts = (await Promise.all(files.map(readPart))).filter((part) => part !== undefined);
  if (parts.length === 0) throw problem(`no kubeconfig found at ${files.join(", ")}`);
  const name = wanted ?? parts.map(({ content }) => content["current-context"]).find(Boolean);
  if (!name) throw problem(`no current-context in ${files.join(", ")}, and no context is configured`);
  const context = find(parts, "context", name, (content) => content.contexts);
  const cluster = find(parts, "cluster", context.entry.context.cluster, (content) => content.clusters);
  const userName = context.entry.context.user;
  const user = userName ? find(parts, "user", userName, (content) => content.users) : undefined;
  return {
    name,
    cluster: cluster.entry.cluster,
    clusterDirectory: cluster.directory,
    user: user?.entry.user ?? {},
    userDirectory: user?.directory ?? cluster.directory,
    namespace: context.entry.context.namespace,
  };
}

interface Part {
  readonly directory: string;
  readonly content: z.output<typeof fileSchema>;
}

async function readPart(file: string): Promise<Part | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw problem(`kubeconfig ${JSON.stringify(file)} cannot be read: ${errorText(cause)}`, cause);
  }
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (cause) {
    throw problem(`kubeconfig ${JSON.stringify(file)} is no valid YAML: ${errorText(cause)}`, cause);
  }
  const result = fileSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue?.path.join("::") ?? "";
    throw problem(`kubeconfig ${JSON.stringify(file)} is not valid at ${where}: ${issue?.message ?? ""}`);
  }
  return { directory: dirname(file), content: result.data };
}

function find<Entry extends { readonly name: string }>(
  parts: readonly Part[],
  what: string,
  name: string,
  entries: (content: Part["content"]) => readonly Entry[] | null | undefined,
): { readonly entry: Entry; readonly directory: string } {
  for (const { directory, content } of parts) {
    const entry = entries(content)?.find((candidate) => candidate.name === name);
    if (entry !== undefined) return { entry, directory };
  }
  const known = parts.flatMap(({ content }) => entries(content)?.map((entry) => entry.name) ?? []);
  throw problem(
    `kubeconfig has no ${what} ${JSON.stringify(name)}, there are ${known.map((n) => JSON.stringify(n)).join(", ") || "none"}`,
  );
}

function problem(message: string, cause?: unknown): CollectorError {
  return new CollectorError("COMPONENT_START", message, { cause });
}
