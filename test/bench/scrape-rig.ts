import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createCertificateAuthority } from "../../examples/virt-handler-sim/certificates.ts";
import { BodySource } from "./body.ts";

/** What a collector is to be told: scrape this over TLS once a second, send there. */
export interface ScrapeRig {
  /** `127.0.0.1:port` of a virt-handler that speaks TLS and gzip. */
  readonly target: string;
  /** The certificate authority of the target. */
  readonly caFile: string;
  /** Base URL of an OTLP/HTTP backend. */
  readonly endpoint: string;
  /** Where to write configuration files. */
  readonly directory: string;
}

export interface ScrapeResult {
  readonly samples: number;
  /** CPU microseconds a sample, user and system, of all threads. */
  readonly microseconds: number;
  /** Resident memory at the end, MB. */
  readonly rssMb: number;
}

const WARM_UP_REQUESTS = 5;
const MEASURED_REQUESTS = 15;
/** Of the times in `/proc/PID/stat` (proc_pid_stat(5)); on all platforms that Node supports. */
const TICKS_PER_SECOND = 100;

/**
 * Runs a collector as a process between a virt-handler of so many VMIs and a backend, both in this process, and reads
 * from the system what CPU time it took for a number of scrapes. Linux only.
 * @param command gives program and arguments of a collector that sends one request a scrape
 */
export async function measureScraping(
  vmis: number,
  command: (rig: ScrapeRig) => Promise<readonly string[]>,
): Promise<ScrapeResult> {
  const source = new BodySource(vmis);
  const bodies = [source.next(), source.next(), source.next()].map((body) => gzipSync(body, { level: 1 }));
  const authority = createCertificateAuthority();
  const { certPem, keyPem } = authority.issue({ commonName: "bench", ipAddresses: ["127.0.0.1"] });
  let scrapes = 0;
  const target = createHttpsServer({ cert: certPem, key: keyPem }, (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4", "content-encoding": "gzip" });
    response.end(bodies[scrapes++ % bodies.length]);
  });
  let onScrape = () => {};
  const sink = createHttpServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200).end();
      onScrape();
    });
  });
  const directory = await mkdtemp(join(tmpdir(), "otelcol-bench-"));
  let collector: ChildProcess | undefined;
  try {
    const caFile = join(directory, "ca.pem");
    await writeFile(caFile, authority.certPem);
    const [program = "", ...args] = await command({
      target: `127.0.0.1:${await listen(target)}`,
      caFile,
      endpoint: `http://127.0.0.1:${await listen(sink)}`,
      directory,
    });
    collector = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    const { pid = 0 } = collector;
    const ended = new Promise<never>((_resolve, reject) => {
      collector?.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    });
    ended.catch(() => {});
    const reach = (count: number) => {
      const reached = new Promise<void>((resolve) => {
        onScrape = () => {
          if (scrapes >= count) resolve();
        };
      });
      return Promise.race([reached, ended]);
    };
    await reach(WARM_UP_REQUESTS);
    const [before, from] = [await cpuSeconds(pid), scrapes];
    await reach(WARM_UP_REQUESTS + MEASURED_REQUESTS);
    const samples = source.samples * (scrapes - from);
    const microseconds = (((await cpuSeconds(pid)) - before) * 1e6) / samples;
    return { samples: source.samples, microseconds, rssMb: await residentMb(pid) };
  } finally {
    collector?.kill("SIGKILL");
    for (const server of [target, sink]) {
      server.close();
      server.closeAllConnections();
    }
    await rm(directory, { recursive: true, force: true });
  }
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name before may hold blanks; utime and stime are fields 14 and 15 of the line.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

async function listen(server: Server | ReturnType<typeof createHttpsServer>): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}
