import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { writePemFiles } from "../support/certificates.ts";
import { httpServer, openClient, recordingLogger } from "./support.ts";

async function authorizationServer(t: TestContext) {
  const seen: (string | undefined)[] = [];
  const { origin } = await httpServer(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end("ok");
  });
  return { origin, seen };
}

test("credentials are sent as Bearer or with the given type, before a header of that name", async (t) => {
  const { origin, seen } = await authorizationServer(t);
  const headers = { authorization: "Bearer other" };
  await (await openClient(t, { authorization: { credentials: "token" }, headers })).fetch(origin);
  await (await openClient(t, { authorization: { type: "Basic", credentials: "dTpw" } })).fetch(origin);
  await (await openClient(t, { headers })).fetch(origin);
  await (await openClient(t)).fetch(origin);
  assert.deepEqual(seen, ["Bearer token", "Basic dTpw", "Bearer other", undefined]);
});

test("user name and password of a URL are sent as Basic unless there is something else", async (t) => {
  const { origin, seen } = await authorizationServer(t);
  const url = origin.replace("//", "//us%65r:p%40ss@");
  await (await openClient(t)).fetch(url);
  await (await openClient(t)).fetch(origin.replace("//", "//100%@"));
  await (await openClient(t, { authorization: { credentials: "token" } })).fetch(url);
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.deepEqual(seen, [basic("user:p@ss"), basic("100%:"), "Bearer token"]);
});

test("a token file is trimmed and read again when it changes, also to a token of the same length", async (t) => {
  const { origin, seen } = await authorizationServer(t);
  const { token } = await writePemFiles(t, { token: "  first\n" });
  const client = await openClient(t, { authorization: { credentials_file: token } });
  await client.fetch(origin);
  for (const text of ["other\n", "third\n", "the fourth\n"]) {
    await writeFile(token, text);
    await client.fetch(origin);
  }
  assert.deepEqual(seen, ["Bearer first", "Bearer other", "Bearer third", "Bearer the fourth"]);
});

test("a token file that goes missing, empty or odd leaves the last token in use, with one warning each", async (t) => {
  const { origin, seen } = await authorizationServer(t);
  const { token } = await writePemFiles(t, { token: "good" });
  const logger = recordingLogger();
  const client = await openClient(t, { authorization: { credentials_file: token } }, { logger });
  await rm(token);
  await client.fetch(origin);
  await client.fetch(origin);
  await writeFile(token, " \n");
  await client.fetch(origin);
  await writeFile(token, "two\nlines");
  await client.fetch(origin);
  await writeFile(token, "better");
  await client.fetch(origin);
  assert.deepEqual(seen, ["Bearer good", "Bearer good", "Bearer good", "Bearer good", "Bearer better"]);
  const warnings = logger.lines.map((line) => `${line.level} ${String(line.fields?.["error"])}`);
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? "", /^warn credentials_file ".*token\.pem" cannot be read: ENOENT/);
  assert.match(warnings[1] ?? "", /is empty$/);
  assert.match(warnings[2] ?? "", /holds characters that no header can carry$/);
  assert.ok(!warnings.join().includes("two"), "no token in the log");
});

test("a token file that is missing at start is an error that names it", async (t) => {
  await assert.rejects(openClient(t, { authorization: { credentials_file: "/nowhere/token" } }), {
    code: "COMPONENT_START",
    message: /^credentials_file "\/nowhere\/token" cannot be read/,
  });
});
