import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { describe, type TestContext, test } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { RpcCode } from "../../../src/grpc/index.ts";
import { CONTENT_TYPE_PROTOBUF } from "../../../src/otlp/index.ts";
import { createCertificateAuthority, writePemFiles } from "../../support/certificates.ts";
import { stockClient } from "./stock-client.ts";
import { startReceiver } from "./support.ts";

const authority = createCertificateAuthority();
const clients = createCertificateAuthority();
const server = authority.issue({ commonName: "otlp", ipAddresses: ["127.0.0.1"], dnsNames: ["localhost"] });
const client = clients.issue({ commonName: "agent", client: true });

interface Trust {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

type Protocol = "http" | "grpc";

/** Sends an empty request over a new connection. @throws when there is no connection or no success */
const sends: Readonly<Record<Protocol, (t: TestContext, address: string, trust: Trust) => Promise<void>>> = {
  http: (_t, address, trust) =>
    new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        `https://${address}/v1/metrics`,
        {
          method: "POST",
          headers: { "content-type": CONTENT_TYPE_PROTOBUF },
          agent: new Agent({ keepAlive: false }),
          ...trust,
        },
        (response) => {
          response.resume();
          response.once("end", () =>
            response.statusCode === 200 ? resolve() : reject(new Error(String(response.statusCode))),
          );
        },
      );
      outgoing.once("error", reject);
      outgoing.end();
    }),
  async grpc(t, address, { ca, cert, key }) {
    const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
    const channel = credentials.createSsl(Buffer.from(ca), bytes(key), bytes(cert));
    const { error } = await stockClient(t, address, {}, channel).call(new Uint8Array());
    if (error !== undefined) {
      assert.equal(error.code, RpcCode.Unavailable);
      throw error;
    }
  },
};

for (const protocol of ["http", "grpc"] as const) {
  describe(protocol, () => {
    const start = async (t: TestContext, tls: object) => {
      const receiver = await startReceiver(t, { [protocol]: { tls } });
      return {
        ...receiver,
        send: (trust: Trust) => sends[protocol](t, receiver[protocol], trust),
      };
    };

    test("serves with a certificate from files or from the config", async (t) => {
      const files = await writePemFiles(t, { cert: server.certPem, key: server.keyPem });
      const fromFiles = await start(t, { cert_file: files.cert, key_file: files.key });
      await fromFiles.send({ ca: authority.certPem });
      await assert.rejects(fromFiles.send({ ca: clients.certPem }));
      const inline = await start(t, { cert_pem: server.certPem, key_pem: server.keyPem });
      await inline.send({ ca: authority.certPem });
    });

    test("takes up a changed certificate with the next connection", async (t) => {
      const files = await writePemFiles(t, { cert: server.certPem, key: server.keyPem });
      const { send, logs } = await start(t, { cert_file: files.cert, key_file: files.key });
      await send({ ca: authority.certPem });
      const next = createCertificateAuthority();
      const { certPem, keyPem } = next.issue({ commonName: "otlp", ipAddresses: ["127.0.0.1"] });
      // Half of a change: the certificate is there, its key is not yet.
      await writeFile(files.cert, certPem);
      await send({ ca: authority.certPem });
      await send({ ca: authority.certPem });
      assert.equal(logs.filter(({ level }) => level === "warn").length, 1);
      await writeFile(files.key, keyPem);
      await send({ ca: next.certPem });
      await assert.rejects(send({ ca: authority.certPem }));
    });

    test("wants a client certificate of client_ca_file, and follows the file", async (t) => {
      const files = await writePemFiles(t, { clientCa: clients.certPem });
      const tls = { cert_pem: server.certPem, key_pem: server.keyPem, client_ca_file: files.clientCa };
      const { send } = await start(t, tls);
      const fixed = await start(t, { ...tls, client_ca_file_reload: false });
      const ca = authority.certPem;
      const known = { ca, cert: client.certPem, key: client.keyPem };
      const others = createCertificateAuthority();
      const { certPem, keyPem } = others.issue({ commonName: "stranger", client: true });
      const stranger = { ca, cert: certPem, key: keyPem };
      await send(known);
      await assert.rejects(send({ ca }));
      await assert.rejects(send(stranger));
      await writeFile(files.clientCa, others.certPem);
      await send(stranger);
      await assert.rejects(send(known));
      await fixed.send(known);
    });

    test("a file that cannot be used fails the start with its name", async (t) => {
      const files = await writePemFiles(t, { cert: server.certPem, junk: "junk", other: client.keyPem });
      const tls = { cert_file: files.cert, key_file: files.other };
      await assert.rejects(start(t, tls), /key_file ".*other\.pem" is no private key for cert_file/);
      await assert.rejects(
        start(t, { ...tls, cert_file: files.junk }),
        /junk\.pem" holds no PEM certificate/,
      );
      await assert.rejects(
        start(t, { ...tls, cert_file: "/does/not/exist.pem" }),
        /exist\.pem" cannot be read/,
      );
    });
  });
}

test("min_version keeps older clients out", async (t) => {
  const { http } = await startReceiver(t, {
    http: { tls: { cert_pem: server.certPem, key_pem: server.keyPem, min_version: "1.3" } },
  });
  await sends.http(t, http, { ca: authority.certPem });
  const old = { ca: authority.certPem, maxVersion: "TLSv1.2" } as Trust;
  await assert.rejects(sends.http(t, http, old), /protocol version|alert/i);
});
