import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startVirtHandler } from "./virt-handler.ts";

const USAGE = `usage: node main.ts [--port 8443] [--host 127.0.0.1] [--vms 10] [--node node01] [--seed 1]
                    [--delay-ms 1200] [--steady]
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8443" },
    host: { type: "string", default: "127.0.0.1" },
    vms: { type: "string", default: "10" },
    node: { type: "string", default: "node01" },
    seed: { type: "string", default: "1" },
    "delay-ms": { type: "string", default: "1200" },
    steady: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else await serve();

/** Serves until it is interrupted. */
async function serve(): Promise<void> {
  const handler = await startVirtHandler({
    port: wholeNumber("port", values.port),
    host: values.host,
    vms: wholeNumber("vms", values.vms),
    node: values.node,
    seed: wholeNumber("seed", values.seed),
    collectionDelayMs: wholeNumber("delay-ms", values["delay-ms"]),
    lively: !values.steady,
  });
  const directory = await mkdtemp(join(tmpdir(), "virt-handler-sim-"));
  const caFile = join(directory, "ca.pem");
  await writeFile(caFile, handler.caPem);
  process.stdout.write(`metrics: ${handler.metricsUrl}
healthz: ${handler.healthzUrl}
ca_file: ${caFile}
server_name_override: virt-handler.kubevirt.svc
`);
  const stop = async (): Promise<void> => {
    await handler.close();
    await rm(directory, { recursive: true });
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--${name} is "${text}", it must be a whole number`);
}
