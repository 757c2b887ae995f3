import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess, runCollector } from "../support/collector-process.ts";
import { writeConfig } from "./pipeline.ts";

const SECRETS = ["url-pa55word", "t0ken-before", "t0ken-after", "b4sic-pw", "h3ader-value", "cl1ent-secret"];

/** A backend that quotes all that it was sent in its refusal. */
async function quoting(close: (after: () => void) => void): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = JSON.stringify(request.headers);
      const isToken = request.url === "/token";
      const quoted = isToken ? `${headers} ${Buffer.concat(chunks)}` : headers;
      const answer = isToken ? JSON.stringify({ error: "no", error_description: quoted }) : quoted;
      response.writeHead(400, { "content-type": isToken ? "application/json" : "text/plain" }).end(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  close(() => server.closeAllConnections());
  close(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("no secret leaves the process, whatever a backend quotes", async (t) => {
  const backend = await quoting((after) => t.after(after));
  const directory = await temporaryDirectory(t);
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, `${name}.new`), text);
    await rename(join(directory, `${name}.new`), join(directory, name));
    return join(directory, name);
  };
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const health = `127.0.0.1:${(free.address() as AddressInfo).port}`;
  free.close();
  await once(free, "close");
  const exporter = (more: unknown) => ({ endpoint: `http://${backend}`, ...(more as object) });
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } },
    extensions: {
      bearertokenauth: { filename: await file("token", "t0ken-before\n") },
      basicauth: { client_auth: { username: "u", password_file: await file("password", "b4sic-pw\n") } },
      oauth2client: {
        client_id: "id",
        client_secret_file: await file("secret", "cl1ent-secret\n"),
        token_url: `http://${backend}/token`,
      },
      health_check: { endpoint: health, http: { config: { enabled: true } } },
    },
    exporters: {
      "otlp_http/url": { endpoint: `http://me:url-pa55word@${backend}` },
      "otlp_http/headers": exporter({ headers: { "x-key": "h3ader-value" } }),
      "otlp_http/token": exporter({ auth: { authenticator: "bearertokenauth" } }),
      "otlp_http/basic": exporter({ auth: { authenticator: "basicauth" } }),
      "otlp_http/oauth": exporter({ auth: { authenticator: "oauth2client" } }),
    },
    service: {
      shutdown_timeout: "200ms",
      extensions: ["bearertokenauth", "basicauth", "oauth2client", "health_check"],
      reload: { http: { host: "127.0.0.1", port: 0 } },
      telemetry: {
        logs: { level: "debug", sampling: { enabled: false } },
        metrics: { readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }] },
      },
      pipelines: {
        metrics: {
          receivers: ["otlp"],
          exporters: ["url", "headers", "token", "basic", "oauth"].map((name) => `otlp_http/${name}`),
        },
      },
    },
  };
  const path = await writeConfig(t, config);
  const collector = await CollectorProcess.start(t, ["--config", path]);
  await collector.untilLog("Everything is ready. Begin running and processing data.");
  const { endpoint } = await collector.untilLog("Starting HTTP server.");
  const send = async () => {
    const gauge = { dataPoints: [{ asDouble: 1 }] };
    const body = JSON.stringify({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "g", gauge }] }] }],
    });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://${endpoint}/v1/metrics`, { method: "POST", headers, body });
    assert.equal(response.status, 200);
  };
  /** How often an exporter's loss has been logged. */
  const losses = (id: string) =>
    collector.logs.filter((log) => log["otelcol.component.id"] === id && log["error"] !== undefined).length;
  await send();
  for (const name of Object.keys(config.exporters)) await collector.until(() => losses(name) > 0, name);
  await file("token", "t0ken-after\n");
  await send();

  const seen: [string, string][] = [];
  const get = async (what: string, url: string, init: RequestInit = {}) =>
    void seen.push([what, await (await fetch(url, init)).text()]);
  await get("status", `http://${health}/status?verbose`);
  await get("config", `http://${health}/config`);
  await get("metrics", String((await collector.untilLog("Serving the collector's own metrics."))["url"]));
  const reload = String((await collector.untilLog("Serving requests to reload."))["url"]);
  await writeFile(
    path,
    JSON.stringify({ ...config, extensions: { bearertokenauth: { tokn: "t0ken-after" } } }),
  );
  await get("refused reload", reload, { method: "POST" });
  await writeFile(
    path,
    JSON.stringify({ ...config, exporters: { "otlp_http/url": { endpoint: "ftp://me:url-pa55word@h" } } }),
  );
  await get("refused reload of a URL", reload, { method: "POST" });
  const { stderr } = await collector.stop();
  seen.push(["log", stderr]);
  await writeFile(path, JSON.stringify(config));
  for (const args of [["print-config"], ["print-config", "--format=json"], ["validate"]]) {
    const { stdout, stderr: problems } = await runCollector(t, [...args, "--config", path]);
    seen.push([args.join(" "), stdout + problems]);
  }

  const basic = ["u:b4sic-pw", "id:cl1ent-secret", "me:url-pa55word"].map((text) =>
    Buffer.from(text).toString("base64"),
  );
  for (const [what, text] of seen) {
    for (const secret of [...SECRETS, ...basic]) {
      assert.ok(
        !text.includes(secret),
        `${secret} in ${what}: ${text.slice(0, text.indexOf(secret) + 80).slice(-400)}`,
      );
    }
  }
  assert.match(stderr, /\[REDACTED\]/);
  const [, status = ""] = seen[0] ?? [];
  assert.match(status, /x-key[^,]*\[REDACTED\]/, "the backend's quotation is shown, but for the secret");
});
