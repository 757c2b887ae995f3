import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { createCertificateAuthority, writePemFiles } from "../support/certificates.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { arrivalsOf, firstArrivals, prepare, READY, startCollector } from "./pipeline.ts";

/** Replaced as a whole, as whoever rotates files does it. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** A backend with a certificate of the CA named, that lets in only clients with one of it. */
async function startBackend(t: TestContext, name: string, port = 0) {
  const authority = createCertificateAuthority({ commonName: name });
  const server = authority.issue({ commonName: "backend", ipAddresses: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "collector", client: true });
  const sink = await OtlpSink.start({
    port,
    tls: {
      cert: server.certPem,
      key: server.keyPem,
      ca: authority.certPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await sink.close();
    isClosed = true;
  };
  t.after(close);
  return { sink, close, pem: { ca: authority.certPem, cert: client.certPem, key: client.keyPem } };
}

// Windows: a signal ends the collector at once, without a drain.
test("certificates of both sides and the CA are exchanged under load: nothing is lost, nothing restarts", {
  skip: process.platform === "win32",
}, async (t) => {
  const targets = await NumberedTargets.start(t, 2);
  const first = await startBackend(t, "first");
  const files = await writePemFiles(t, first.pem);
  const { configPath } = await prepare(t, {
    targets,
    endpoint: first.sink.endpoint,
    interval: "200ms",
    exporter: {
      tls: {
        ca_file: files.ca,
        cert_file: files.cert,
        key_file: files.key,
        reload_interval: "100ms",
      },
    },
  });
  const collector = await startCollector(t, configPath);
  await collector.untilLog(READY);
  await collector.within(
    first.sink.until(() => first.sink.batches.length >= 4),
    "data under the first certificate",
  );
  const { port } = first.sink;
  await first.close();
  const second = await startBackend(t, "second", port);
  await collector.untilLog(
    ({ msg, error }) => msg.startsWith("Exporting failed.") && /TLS/.test(String(error)),
  );
  assert.equal(second.sink.requests.length, 0, "neither side trusts the other before the files have changed");
  for (const name of ["ca", "cert", "key"] as const) await replace(files[name], second.pem[name]);
  await collector.within(
    second.sink.until(() => second.sink.batches.length >= 4),
    "data under the second certificate",
  );
  const { code } = await collector.stop();
  assert.equal(code, 0);
  await targets.quiet();
  const arrivals = [...arrivalsOf(first.sink), ...arrivalsOf(second.sink)];
  assert.deepEqual(
    firstArrivals(arrivals, targets),
    targets.served.map((served) => Array.from({ length: served }, (_, i) => i + 1)),
  );
});
