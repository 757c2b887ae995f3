import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { authority, httpsServer } from "./support.ts";

const program = `
  import { HttpClient, ReusableBuffer, tlsClientSchema } from "${new URL("../../src/net/index.ts", import.meta.url)}";
  import { silentLogger } from "${new URL("../../src/telemetry/index.ts", import.meta.url)}";
  const { ORIGIN, CA_PEM, CLOSE } = process.env;
  const tls = tlsClientSchema.parse({ ca_pem: CA_PEM });
  const client = await HttpClient.open({ config: { tls }, logger: silentLogger, environment: {} });
  const get = (path) =>
    client.fetchBody({ url: ORIGIN + path, timeoutMs: 60_000, bodyLimitBytes: 0, into: new ReusableBuffer() });
  await Promise.all([get("/a"), get("/b"), get("/c")]);
  if (CLOSE === "yes") {
    const pending = get("/never").catch((error) => error.reason);
    await get("/d");
    await client.close();
    const left = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|Zlib/.test(name));
    console.log(JSON.stringify([await pending, left]));
  } else console.log("idle");
`;

async function run(origin: string, close: "yes" | "no"): Promise<string> {
  const env = { ...process.env, ORIGIN: origin, CA_PEM: authority.certPem, CLOSE: close };
  const options = { env, timeout: 20_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", program],
    options,
  );
  return stdout.trim();
}

test("after close no socket or timer is left, and the process ends by itself", async (t) => {
  const { origin } = await httpsServer(t, (request, response) => {
    if (request.url !== "/never") response.end("ok");
  });
  assert.equal(await run(origin, "yes"), '["connect",[]]');
});

test("idle connections alone do not keep a process alive", async (t) => {
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"));
  assert.equal(await run(origin, "no"), "idle");
});
