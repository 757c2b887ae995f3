import assert from "node:assert/strict";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { ReusableBuffer } from "../../src/net/index.ts";
import { createCertificateAuthority, temporaryDirectory, writePemFiles } from "../support/certificates.ts";
import {
  authority,
  httpError,
  httpsServer,
  listen,
  openClient,
  recordingLogger,
  serverCertificate,
} from "./support.ts";

const tlsError = (message: RegExp) => httpError({ code: "SCRAPE_TLS", reason: "tls" }, message);

test("a server is verified against the given CA, as file or text, over HTTP/1.1", async (t) => {
  const { origin } = await httpsServer(t, (request, response) => {
    response.end(`${request.httpVersion} ${(request.socket as TLSSocket).alpnProtocol}`);
  });
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  for (const tls of [{ ca_file: ca }, { ca_pem: authority.certPem }]) {
    const client = await openClient(t, { tls });
    await client.fetch(origin);
    assert.equal(client.text(), "1.1 http/1.1");
  }
});

test("another CA, the default CAs and an expired certificate are refused", async (t) => {
  const expired = authority.issue({ commonName: "x", ipAddresses: ["127.0.0.1"], days: -1 });
  const good = await httpsServer(t, (_request, response) => response.end("ok"));
  const old = await httpsServer(t, (_request, response) => response.end("ok"), {
    cert: expired.certPem,
    key: expired.keyPem,
  });
  const strangers = await openClient(t, { tls: { ca_pem: createCertificateAuthority().certPem } });
  await assert.rejects(
    strangers.fetch(good.origin),
    tlsError(/TLS handshake failed: unable to verify the first certificate$/),
  );
  const defaults = await openClient(t);
  await assert.rejects(defaults.fetch(good.origin), tlsError(/TLS handshake failed/));
  const ours = await openClient(t, { tls: { ca_pem: authority.certPem } });
  await assert.rejects(ours.fetch(old.origin), tlsError(/certificate has expired/));
});

test("insecure_skip_verify accepts any certificate", async (t) => {
  const stranger = createCertificateAuthority().issue({ commonName: "x", dnsNames: ["elsewhere"], days: -1 });
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"), {
    cert: stranger.certPem,
    key: stranger.keyPem,
  });
  const client = await openClient(t, { tls: { insecure_skip_verify: true } });
  assert.equal((await client.fetch(origin)).length, 2);
});

test("insecure without a CA sets the other options aside, with one it does not", async (t) => {
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"));
  const aside = await openClient(t, { tls: { insecure: true, insecure_skip_verify: true } });
  await assert.rejects(aside.fetch(origin), tlsError(/TLS handshake failed/));
  const withCa = await openClient(t, { tls: { insecure: true, ca_pem: authority.certPem } });
  assert.equal((await withCa.fetch(origin)).length, 2);
});

test("include_system_ca_certs_pool keeps the given CA good", async (t) => {
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"));
  const both = await openClient(t, {
    tls: { ca_pem: authority.certPem, include_system_ca_certs_pool: true },
  });
  assert.equal((await both.fetch(origin)).length, 2);
  const alone = await openClient(t, { tls: { include_system_ca_certs_pool: true } });
  await assert.rejects(alone.fetch(origin), tlsError(/TLS handshake failed/));
});

test("server_name_override is asked for and verified in place of the address", async (t) => {
  const names: string[] = [];
  const named = authority.issue({ commonName: "x", dnsNames: ["virt-handler.kubevirt.svc"] });
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"), {
    cert: named.certPem,
    key: named.keyPem,
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  });
  const ca_pem = authority.certPem;
  const plain = await openClient(t, { tls: { ca_pem } });
  await assert.rejects(plain.fetch(origin), tlsError(/TLS handshake failed: .*127\.0\.0\.1/));
  const overridden = await openClient(t, {
    tls: { ca_pem, server_name_override: "virt-handler.kubevirt.svc" },
  });
  assert.equal((await overridden.fetch(origin)).length, 2);
  const wrong = await openClient(t, { tls: { ca_pem, server_name_override: "virt-api.kubevirt.svc" } });
  await assert.rejects(wrong.fetch(origin), tlsError(/virt-api\.kubevirt\.svc/));
  assert.deepEqual(names, ["virt-handler.kubevirt.svc", "virt-api.kubevirt.svc"]);
});

test("min_version and max_version bound what is negotiated, down to 1.0 when asked for", async (t) => {
  const echo = async (minVersion: "TLSv1" | "TLSv1.2", maxVersion: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") => {
    const server = await httpsServer(
      t,
      (request, response) => response.end((request.socket as TLSSocket).getProtocol()),
      { minVersion, maxVersion, ciphers: "DEFAULT@SECLEVEL=0" },
    );
    return server.origin;
  };
  const [old, two, both] = [
    await echo("TLSv1", "TLSv1.1"),
    await echo("TLSv1.2", "TLSv1.2"),
    await echo("TLSv1.2", "TLSv1.3"),
  ];
  const open = (versions: { min_version?: "1.0" | "1.3"; max_version?: "1.2" }) =>
    openClient(t, { tls: { ca_pem: authority.certPem, ...versions } });
  const standard = await open({});
  await assert.rejects(standard.fetch(old), tlsError(/TLS handshake failed/));
  await standard.fetch(both);
  assert.equal(standard.text(), "TLSv1.3");
  const three = await open({ min_version: "1.3" });
  await assert.rejects(three.fetch(two), tlsError(/TLS handshake failed/));
  const atMostTwo = await open({ max_version: "1.2" });
  await atMostTwo.fetch(both);
  assert.equal(atMostTwo.text(), "TLSv1.2");
  const lenient = await open({ min_version: "1.0" });
  await lenient.fetch(old);
  assert.equal(lenient.text(), "TLSv1.1");
});

test("a client certificate is shown when configured, and only then", async (t) => {
  const shown: (string | undefined)[] = [];
  const { origin } = await httpsServer(
    t,
    (request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate() as Partial<PeerCertificate>;
      shown.push(peer.subject?.CN as string | undefined);
      response.end("ok");
    },
    { requestCert: true, rejectUnauthorized: false },
  );
  const client = authority.issue({ commonName: "monitoring", client: true });
  const files = await writePemFiles(t, { cert: client.certPem, key: client.keyPem });
  const ca_pem = authority.certPem;
  await (await openClient(t, { tls: { ca_pem } })).fetch(origin);
  await (await openClient(t, { tls: { ca_pem, cert_file: files.cert, key_file: files.key } })).fetch(origin);
  await (await openClient(t, { tls: { ca_pem, cert_pem: client.certPem, key_pem: client.keyPem } })).fetch(
    origin,
  );
  assert.deepEqual(shown, [undefined, "monitoring", "monitoring"]);
});

test("a server that insists on a client certificate is a TLS error", async (t) => {
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"), {
    requestCert: true,
    ca: createCertificateAuthority().certPem,
  });
  for (const max_version of ["1.2", "1.3"] as const) {
    const client = await openClient(t, { tls: { ca_pem: authority.certPem, max_version } });
    await assert.rejects(client.fetch(origin), tlsError(/^GET https:.*TLS.*(alert|certificate required)/));
  }
});

test("a plain http server behind an https URL is a TLS error", async (t) => {
  const { origin } = await listen(
    t,
    createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    "https",
  );
  const client = await openClient(t);
  await assert.rejects(client.fetch(origin), tlsError(/TLS handshake failed/));
});

test("a CA rotated on disk is used by the next request, and connections of before end", {
  timeout: 10_000,
}, async (t) => {
  const next = createCertificateAuthority({ commonName: "kubevirt.io@2" });
  const nextLeaf = next.issue({ commonName: "x", ipAddresses: ["127.0.0.1"] });
  const { origin, server, connections } = await httpsServer(t, (_request, response) => response.end("ok"));
  server.keepAliveTimeout = 0; // like virt-handler: it would keep idle connections for ever
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  const logger = recordingLogger();
  const client = await openClient(t, { tls: { ca_file: ca } }, { logger });
  const firstSocket = once(server, "secureConnection").then(([socket]) => socket as Socket);
  await client.fetch(origin);
  await writeFile(ca, authority.certPem + next.certPem);
  const ended = once(await firstSocket, "close");
  await client.fetch(origin);
  assert.equal(connections(), 2, "the new bundle takes a new connection");
  await ended;
  server.setSecureContext({ cert: nextLeaf.certPem, key: nextLeaf.keyPem });
  await writeFile(ca, next.certPem);
  await client.fetch(origin);
  assert.equal(connections(), 3);
  await writeFile(ca, authority.certPem);
  await assert.rejects(client.fetch(origin), tlsError(/TLS handshake failed/));
  assert.deepEqual(
    logger.lines.map((line) => line.message),
    new Array(3).fill("TLS files changed, new connections use them."),
  );
});

test("the same content written again changes nothing", async (t) => {
  const { origin, connections } = await httpsServer(t, (_request, response) => response.end("ok"));
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  const client = await openClient(t, { tls: { ca_file: ca } });
  await client.fetch(origin);
  await writeFile(ca, authority.certPem);
  await client.fetch(origin);
  assert.equal(connections(), 1);
});

test("a request under way survives a rotation", async (t) => {
  let finish = (): void => {};
  let begun = (): void => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const { origin } = await httpsServer(t, (request, response) => {
    if (request.url !== "/slow") response.end("ok");
    else {
      response.write("first ");
      finish = () => response.end("last");
      begun();
    }
  });
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  const client = await openClient(t, { tls: { ca_file: ca } });
  const into = new ReusableBuffer();
  const slow = client.fetch(`${origin}/slow`, { into });
  await started;
  await writeFile(ca, authority.certPem + createCertificateAuthority().certPem);
  await client.fetch(origin);
  finish();
  await slow;
  assert.equal(into.view().toString(), "first last");
});

test("a client certificate rotated on disk is shown by the next request, not half of it", async (t) => {
  const shown: unknown[] = [];
  const { origin } = await httpsServer(
    t,
    (request, response) => {
      shown.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
      response.end("ok");
    },
    { requestCert: true, rejectUnauthorized: false },
  );
  const [one, two] = [authority.issue({ commonName: "one" }), authority.issue({ commonName: "two" })];
  const files = await writePemFiles(t, { cert: one.certPem, key: one.keyPem });
  const logger = recordingLogger();
  const tls = { ca_pem: authority.certPem, cert_file: files.cert, key_file: files.key };
  const client = await openClient(t, { tls }, { logger });
  await client.fetch(origin);
  await writeFile(files.cert, two.certPem); // its key is not there yet
  await client.fetch(origin);
  await client.fetch(origin);
  await writeFile(files.key, two.keyPem);
  await client.fetch(origin);
  assert.deepEqual(shown, ["one", "one", "one", "two"]);
  assert.deepEqual(
    logger.lines.map((line) => line.level),
    ["warn", "info"],
    "one warning while it lasts",
  );
  assert.match(
    String(logger.lines[0]?.fields?.["error"]),
    /key_file ".*key\.pem" is no private key for cert_file/,
  );
});

test("a file that goes missing or is cut short while running leaves the last good one in use", async (t) => {
  const { origin } = await httpsServer(t, (_request, response) => response.end("ok"));
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  const logger = recordingLogger();
  const client = await openClient(t, { tls: { ca_file: ca } }, { logger });
  const breakages = [
    () => rm(ca),
    () => writeFile(ca, ""),
    () => writeFile(ca, authority.certPem.slice(0, 200)),
  ];
  for (const breakIt of breakages) {
    await breakIt();
    assert.equal((await client.fetch(origin)).length, 2);
  }
  const warnings = logger.lines.map((line) => `${line.level}: ${String(line.fields?.["error"])}`);
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? "", /^warn: ca_file ".*ca\.pem" cannot be read: ENOENT/);
  assert.match(warnings[1] ?? "", /^warn: ca_file ".*ca\.pem" holds no PEM certificate/);
  assert.match(warnings[2] ?? "", /^warn: ca_file ".*ca\.pem" holds no valid certificate as number 1/);
});

test("reload_interval is how long a look at the files stays good", async (t) => {
  const { origin, connections } = await httpsServer(t, (_request, response) => response.end("ok"));
  const { ca } = await writePemFiles(t, { ca: authority.certPem });
  let now = 1_000_000;
  const client = await openClient(t, { tls: { ca_file: ca, reload_interval: "10s" } }, { now: () => now });
  await client.fetch(origin);
  await writeFile(ca, authority.certPem + createCertificateAuthority().certPem);
  now += 9_999;
  await client.fetch(origin);
  assert.equal(connections(), 1);
  now += 1;
  await client.fetch(origin);
  assert.equal(connections(), 2);
});

test("files that are missing or unusable at start are an error that names option and file", async (t) => {
  const missing = join(await temporaryDirectory(t), "missing.pem");
  const other = authority.issue({ commonName: "other" });
  const files = await writePemFiles(t, { cert: serverCertificate.certPem, key: other.keyPem, none: "hello" });
  const fails = async (tls: object, message: RegExp) => {
    await assert.rejects(openClient(t, { tls }), { code: "TLS_FILE", message });
  };
  await fails({ ca_file: missing }, /^ca_file ".*missing\.pem" cannot be read: ENOENT/);
  await fails({ cert_file: missing, key_file: files.key }, /^cert_file ".*missing\.pem" cannot be read/);
  await fails({ cert_file: files.cert, key_file: missing }, /^key_file ".*missing\.pem" cannot be read/);
  await fails({ ca_file: files.none }, /^ca_file ".*none\.pem" holds no PEM certificate/);
  await fails({ ca_pem: "hello" }, /^ca_pem holds no PEM certificate/);
  await fails(
    { cert_file: files.cert, key_file: files.key },
    /^key_file ".*key\.pem" is no private key for cert_file/,
  );
});
