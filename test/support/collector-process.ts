import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, root } from "./built-tree.ts";
import type { Cleanup } from "./certificates.ts";

/** What is awaited has to come within this time, or the test fails with what the process has printed. */
const PATIENCE_MS = 20_000;

/** A line of the collector's own log. */
export interface LogRecord {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface CollectorOptions {
  /** Over the environment of the tests; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the root of the checkout. */
  readonly cwd?: string;
  /** Standard input; default empty. */
  readonly input?: string | Uint8Array;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `bin/otelcol-kubevirt` as users start it, in a process of its own, run by this Node. */
export class CollectorProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  #running = true;

  private constructor(args: readonly string[], options: CollectorOptions) {
    this.#child = spawn(process.execPath, [join(root, "bin", "otelcol-kubevirt"), ...args], {
      cwd: options.cwd ?? root,
      env: environment(options.env),
    });
    const { stdout, stderr, stdin } = this.#child;
    stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    // A command that reads no input may be gone before it was written.
    stdin.on("error", () => {});
    stdin.end(options.input ?? "");
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        this.#running = false;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        this.#wake();
      });
    });
  }

  /** Starts it; it is killed when the test is over, if it still runs. */
  static async start(
    cleanup: Cleanup,
    args: readonly string[],
    options: CollectorOptions = {},
  ): Promise<CollectorProcess> {
    await ensureBuilt();
    const collector = new CollectorProcess(args, options);
    cleanup.after(async () => {
      if (collector.#running) collector.#child.kill("SIGKILL");
      await collector.exited;
    });
    return collector;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The log so far; other text on standard error is left out. */
  get logs(): readonly LogRecord[] {
    return this.#stderr
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as LogRecord);
  }

  /** The first record for which `wanted` holds, which may have come already. */
  untilLog(wanted: string | ((record: LogRecord) => boolean)): Promise<LogRecord> {
    const test = typeof wanted === "string" ? ({ msg }: LogRecord) => msg === wanted : wanted;
    return this.until(() => this.logs.find(test), `log record ${wanted}`);
  }

  /** Waits until `probe` gives something; asked after each output. */
  async until<T>(probe: () => T | undefined | false, what = String(probe)): Promise<T> {
    for (;;) {
      const found = probe();
      if (found !== undefined && found !== false) return found;
      if (!this.#running) throw new Error(`the collector is gone before ${what}\n${this.#stderr}`);
      await this.within(new Promise<void>((resolve) => this.#waiting.add(resolve)), what);
    }
  }

  /** `promise`, or an error with the collector's output when it takes too long. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`waited ${PATIENCE_MS} ms for ${what}\n${this.#stderr}${this.#stdout}`));
    }, PATIENCE_MS);
    try {
      return await Promise.race([promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Nobody reads its standard error any more. */
  leaveStderr(): void {
    this.#child.stderr.destroy();
  }

  /** Asks it to stop (on Windows this kills it) and waits until it has. */
  async stop(): Promise<Exit> {
    this.signal("SIGTERM");
    return await this.within(this.exited, "the end of the collector");
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Runs a command to its end. */
export async function runCollector(
  cleanup: Cleanup,
  args: readonly string[],
  options: CollectorOptions = {},
): Promise<Exit> {
  const collector = await CollectorProcess.start(cleanup, args, options);
  return await collector.within(collector.exited, `the end of ${args.join(" ")}`);
}

/** The tests' environment without what would change the collector's behaviour: proxies and options for Node. */
function environment(own: CollectorOptions["env"] = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(https?_proxy|all_proxy|no_proxy|node_options|node_test_context|node_v8_coverage)$/i.test(name),
  );
  return { ...Object.fromEntries(inherited), ...own };
}
