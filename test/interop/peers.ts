import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cleanup } from "../support/certificates.ts";

const run = promisify(execFile);

/** Prometheus 3.16; its modules count their versions so. */
const PROMETHEUS = "github.com/prometheus/prometheus/cmd/prometheus@v0.316.0";

/**
 * An OpenTelemetry Collector with the components that the folder's `main.go` names, built by the `go` on the path. That
 * takes minutes; the result is kept in the directory for temporary files.
 */
export async function buildCollector(folder: "peer" | "processors-peer" = "peer"): Promise<string> {
  const source = join(import.meta.dirname, folder);
  const texts = await Promise.all(["main.go", "go.mod"].map((name) => readFile(join(source, name), "utf8")));
  return await build("collector", texts.join("\n"), async (directory) => {
    await cp(source, directory, { recursive: true });
    await go(directory, "mod", "tidy");
    await go(directory, "build", "-o", "collector", ".");
  });
}

export async function buildPrometheus(): Promise<string> {
  return await build("prometheus", PROMETHEUS, async (directory) => {
    await writeFile(join(directory, "go.mod"), "module interop/prometheus\n\ngo 1.26\n");
    await go(directory, "get", PROMETHEUS);
    await go(directory, "build", "-o", "prometheus", PROMETHEUS.split("@")[0] as string);
  });
}

async function build(
  name: string,
  identity: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 12);
  const directory = join(tmpdir(), "otelcol-kubevirt-interop", `${name}-${hash}`);
  if (!existsSync(join(directory, name))) {
    const workDirectory = `${directory}.${process.pid}`;
    await mkdir(workDirectory, { recursive: true });
    await make(workDirectory);
    await mkdir(directory, { recursive: true });
    await rename(join(workDirectory, name), join(directory, name));
  }
  return join(directory, name);
}

async function go(cwd: string, ...args: readonly string[]): Promise<void> {
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  await run("go", args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
}

export interface Peer {
  /** Settles when the peer's log holds the pattern. @throws Error with the log when the peer ends first */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Runs a peer until the end of the test. */
export function startPeer(t: Cleanup, binary: string, args: readonly string[]): Peer {
  const child = spawn(binary, args, { cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  const closed = new Promise<void>((resolve) => {
    child.once("close", () => {
      ended = true;
      wake();
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      wake();
    });
  }
  t.after(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  return {
    logged: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(log);
          if (match !== null) resolve(match);
          else if (ended) reject(new Error(`the peer ended without logging ${pattern}:\n${log}`));
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
  };
}
