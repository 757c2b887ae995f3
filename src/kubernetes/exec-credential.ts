import { execFile } from "node:child_process";
import { isAbsolute, resolve } from "node:path";
import { z } from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import { ApiError } from "./api-error.ts";
import type { Environment } from "./in-cluster.ts";
import type { ExecEntry } from "./kubeconfig-file.ts";

const PLUGIN_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

const outputSchema = z.object({
  kind: z.literal("ExecCredential"),
  apiVersion: z.string(),
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
});

/** What a plugin gave; PEM texts as they are. */
export interface ExecCredential {
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Milliseconds since the epoch; undefined: good until the server refuses it. */
  readonly expiresAt?: number | undefined;
}

export interface ExecCredentialSettings {
  readonly exec: ExecEntry;
  /** Of the kubeconfig, where a relative command starts from. */
  readonly directory: string;
  /** For `provideClusterInfo`: the cluster as ExecCredential has it. */
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Runs a credential plugin of client-go (client.authentication.k8s.io/v1) and keeps what it gives until it expires or
 * is refused. Plugins that ask a person are not run to ask: there is nobody.
 */
export class ExecCredentialSource {
  readonly #settings: ExecCredentialSettings;
  #current: ExecCredential | undefined;
  #running: Promise<ExecCredential> | undefined;
  readonly #abort = new AbortController();

  constructor(settings: ExecCredentialSettings) {
    this.#settings = settings;
  }

  /** @throws ApiError "credentials" with what the plugin said */
  async get(): Promise<ExecCredential> {
    const { expiresAt } = this.#current ?? {};
    if (this.#current !== undefined && (expiresAt === undefined || this.#settings.now() < expiresAt)) {
      return this.#current;
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#current = await this.#running;
    return this.#current;
  }

  forget(): void {
    this.#current = undefined;
  }

  /** Ends a plugin that runs. */
  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<ExecCredential> {
    const { exec, directory, cluster, environment } = this.#settings;
    const name = `credential plugin ${JSON.stringify(exec.command)}`;
    if (exec.interactiveMode === "Always") {
      throw new ApiError("credentials", `${name} needs a terminal (interactiveMode Always)`);
    }
    const info = {
      apiVersion: exec.apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, ...(exec.provideClusterInfo === true && { cluster }) },
    };
    const own = Object.fromEntries((exec.env ?? []).map((variable) => [variable.name, variable.value]));
    const env = { ...environment, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
    // A bare name is looked up in PATH, a path starts at the kubeconfig.
    const command =
      /[\\/]/.test(exec.command) && !isAbsolute(exec.command)
        ? resolve(directory, exec.command)
        : exec.command;
    const output = await run(command, exec.args ?? [], env, this.#abort.signal).catch((cause: unknown) => {
      const hint = exec.installHint ? `; ${exec.installHint}` : "";
      throw new ApiError("credentials", `${name} failed: ${errorText(cause)}${hint}`, { cause });
    });
    return parseCredential(output, exec.apiVersion, name);
  }
}

function parseCredential(output: string, apiVersion: string, name: string): ExecCredential {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (cause) {
    throw new ApiError("credentials", `${name} printed no JSON`, { cause });
  }
  const parsed = outputSchema.safeParse(value);
  if (!parsed.success || parsed.data.apiVersion !== apiVersion) {
    throw new ApiError("credentials", `${name} printed no ExecCredential of ${apiVersion}`);
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = parsed.data.status;
  if (!token && !(clientCertificateData && clientKeyData)) {
    throw new ApiError("credentials", `${name} gave neither a token nor a certificate with its key`);
  }
  const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.NaN;
  return {
    token: token ?? undefined,
    cert: clientCertificateData ?? undefined,
    key: clientKeyData ?? undefined,
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
  };
}

function run(
  command: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      env: env as NodeJS.ProcessEnv,
      timeout: PLUGIN_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
      windowsHide: true,
      signal,
    };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      // What the plugin says is for people; Node's own message would repeat it and its arguments.
      else if (stderr.trim() !== "") reject(new Error(stderr.trim().slice(0, 500)));
      else reject(error);
    });
  });
}
