import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "../../src/config/index.ts";
import { authorizationSchema, tlsClientSchema } from "../../src/net/index.ts";

function problems(schema: z.ZodType, value: unknown): readonly string[] {
  const result = schema.safeParse(value);
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join("::")}: ${issue.message}`);
}

test("tls has the Collector's defaults", () => {
  assert.deepEqual(tlsClientSchema.parse({}), {
    insecure: false,
    insecure_skip_verify: false,
    include_system_ca_certs_pool: false,
    min_version: "1.2",
    max_version: "1.3",
    reload_interval: 0,
  });
});

test("contradictions between tls options are found, each at its option", () => {
  assert.deepEqual(problems(tlsClientSchema, { cert_pem: "c", key_file: "k", ca_file: "a" }), []);
  assert.deepEqual(problems(tlsClientSchema, { ca_file: "a", ca_pem: "b", key_file: "k" }), [
    "ca_pem: must not be set together with ca_file",
    "key_file: needs the certificate beside it: set cert_file or cert_pem",
  ]);
  assert.deepEqual(problems(tlsClientSchema, { cert_pem: "c" }), [
    "cert_pem: needs the private key beside it: set key_file or key_pem",
  ]);
  assert.deepEqual(problems(tlsClientSchema, { min_version: "1.3", max_version: "1.2" }), [
    "max_version: must not be below min_version 1.3, got 1.2",
  ]);
  assert.equal(problems(tlsClientSchema, { min_version: "1.4" }).length, 1);
  assert.equal(
    problems(tlsClientSchema, { cipher_suites: [] }).length,
    1,
    "what is not honoured is not accepted",
  );
});

test("authorization wants exactly one source of credentials", () => {
  assert.deepEqual(problems(authorizationSchema, { credentials_file: "f" }), []);
  assert.deepEqual(problems(authorizationSchema, { type: "Basic", credentials: "x" }), []);
  assert.deepEqual(problems(authorizationSchema, {}), [": needs credentials or credentials_file"]);
  assert.deepEqual(problems(authorizationSchema, { credentials: "x", credentials_file: "f" }), [
    "credentials_file: must not be set together with credentials",
  ]);
  assert.equal(problems(authorizationSchema, { type: "Bearer ", credentials: "x" }).length, 1);
});
