import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { redactText } from "../../src/config/index.ts";
import { type ConnectionConfig, connect, resources, WatchedObjects } from "../../src/kubernetes/index.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { FakeKubernetes } from "../support/fake-kubernetes.ts";
import { eventually, podHost } from "./support.ts";

const serviceAccount: ConnectionConfig = { auth_type: "serviceAccount" };

async function watchNodes(t: Cleanup, config: ConnectionConfig, host: Parameters<typeof connect>[1]) {
  const context = await connect(config, host);
  const nodes = new WatchedObjects({
    ...context,
    resource: resources.nodes,
    namespaces: [],
    project: ({ metadata }) => metadata.name,
  });
  t.after(async () => {
    await nodes.close();
    await context.client.close();
  });
  return nodes;
}

/** A kubeconfig with one context, from what stands under its cluster and user. */
function kubeconfig(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
  });
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function withKubeconfig(t: Cleanup, cluster: object, user: object, fake: FakeKubernetes) {
  fake.apply("nodes", { metadata: { name: "node01" } });
  const directory = await temporaryDirectory(t);
  const file = join(directory, "config");
  await writeFile(file, kubeconfig({ server: fake.url, ...cluster }, user));
  const { host, logger } = await podHost(t, fake);
  const config: ConnectionConfig = { auth_type: "kubeConfig", kubeconfig_file: file };
  return { directory, file, config, host, logger };
}

test("a service account token that is replaced is used from then on", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.tokens.add("token-1");
  const { host, directory } = await podHost(t, fake);
  const nodes = await watchNodes(t, serviceAccount, host);
  await nodes.ready();
  await fake.watching("nodes");
  await writeFile(join(directory, "token"), "token-2\n");
  fake.tokens.delete("token-1");
  fake.tokens.add("token-2");
  fake.closeWatches("nodes");
  fake.apply("nodes", { metadata: { name: "node01" } });
  await eventually(() => nodes.store.size === 1);
  assert.equal(redactText("the server knows no token-2"), "the server knows no [REDACTED]");
});

test("a CA that is replaced is trusted from then on", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("nodes", { metadata: { name: "node01" } });
  const { host, directory, logger } = await podHost(t, fake);
  const right = await readFile(join(directory, "ca.crt"), "utf8");
  const other = await FakeKubernetes.start(t);
  await writeFile(join(directory, "ca.crt"), other.authority.certPem);
  const nodes = await watchNodes(t, serviceAccount, host);
  await eventually(() => logger.lines.length > 0);
  assert.match(String(logger.lines[0]?.fields["error"]), /certificate/);
  await writeFile(join(directory, "ca.crt"), right);
  await nodes.ready();
});

test("outside a pod the error says what is missing", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { host } = await podHost(t, fake);
  await assert.rejects(connect(serviceAccount, { ...host, environment: {} }), {
    code: "COMPONENT_START",
    message: /not in a Kubernetes pod: KUBERNETES_SERVICE_HOST is ""/,
  });
});

test("an IPv6 address of the API server gets its brackets", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { host } = await podHost(t, fake);
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const { client } = await connect(serviceAccount, { ...host, environment });
  assert.equal(client.access.server.href, "https://[fd00::1]/");
  assert.equal(client.access.namespace, "monitoring");
  await client.close();
});

test("kubeconfig: CA data and a token file, relative to the kubeconfig", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.tokens.add("from-file");
  const { directory, config, host } = await withKubeconfig(
    t,
    { "certificate-authority-data": base64(fake.authority.certPem) },
    { tokenFile: "token", token: "not this one" },
    fake,
  );
  await writeFile(join(directory, "token"), "from-file");
  await (await watchNodes(t, config, host)).ready();
});

test("kubeconfig: a client certificate from files, a server name, KUBECONFIG and its merge", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { certPem, keyPem } = fake.authority.issue({ commonName: "me", client: true });
  const { directory, file, host } = await withKubeconfig(
    t,
    { "certificate-authority": "ca.pem", "tls-server-name": "kubernetes.default.svc" },
    { "client-certificate": "me.pem", "client-key-data": base64(keyPem) },
    fake,
  );
  await writeFile(join(directory, "ca.pem"), fake.authority.certPem);
  await writeFile(join(directory, "me.pem"), certPem);
  const first = join(directory, "first");
  await writeFile(first, "current-context: here\nclusters: null\n");
  let subject: unknown;
  fake.faults.push((_, response) => {
    subject = (response.socket as import("node:tls").TLSSocket).getPeerCertificate().subject?.CN;
    return false;
  });
  const separator = process.platform === "win32" ? ";" : ":";
  const environment = { KUBECONFIG: [join(directory, "none"), first, file].join(separator) };
  const nodes = await watchNodes(t, { auth_type: "kubeConfig" }, { ...host, environment });
  await nodes.ready();
  assert.equal(subject, "me");
});

test("kubeconfig: insecure-skip-tls-verify, a user with a password, another context", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { config, host } = await withKubeconfig(
    t,
    { "insecure-skip-tls-verify": true },
    { username: "u", password: "p" },
    fake,
  );
  let authorization: unknown;
  fake.faults.push((_, response) => {
    authorization = response.req.headers.authorization;
    return false;
  });
  await (await watchNodes(t, config, host)).ready();
  assert.equal(authorization, `Basic ${base64("u:p")}`);
  await assert.rejects(connect({ ...config, context: "there" }, host), {
    message: /has no context "there", there are "here"/,
  });
});

test("kubeconfig: proxy-url is a tunnel to the API server", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, client, head) => {
    asked.push(request.url ?? "");
    const upstream = connectTcp(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const { config, host } = await withKubeconfig(
    t,
    { "certificate-authority-data": base64(fake.authority.certPem), "proxy-url": `http://127.0.0.1:${port}` },
    {},
    fake,
  );
  await (await watchNodes(t, config, host)).ready();
  assert.equal(asked[0], `127.0.0.1:${fake.port}`);
});

test("kubeconfig: a credential plugin runs again when its token expires or is refused", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.tokens.add("issued-1");
  const directory = await temporaryDirectory(t);
  const plugin = join(directory, "plugin.mjs");
  await writeFile(
    plugin,
    `import { appendFileSync, readFileSync } from "node:fs";
     appendFileSync(process.argv[2], ".");
     const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
     if (info.spec.interactive !== false || !info.spec.cluster.server || process.env.EXTRA !== "yes") process.exit(3);
     const n = readFileSync(process.argv[2], "utf8").length;
     console.log(JSON.stringify({ kind: "ExecCredential", apiVersion: info.apiVersion,
       status: { token: "issued-" + n, expirationTimestamp: new Date(Date.now() + 3600_000).toISOString() } }));`,
  );
  const runs = join(directory, "runs");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: [plugin, runs],
    env: [{ name: "EXTRA", value: "yes" }],
    provideClusterInfo: true,
    interactiveMode: "IfAvailable",
  };
  const { config, host } = await withKubeconfig(
    t,
    { "certificate-authority-data": base64(fake.authority.certPem) },
    { exec },
    fake,
  );
  let skewMs = 0;
  const clock = { ...host.clock, now: () => Date.now() + skewMs };
  const nodes = await watchNodes(t, config, { ...host, clock });
  await nodes.ready();
  await fake.watching("nodes");
  assert.equal(await readFile(runs, "utf8"), ".");
  fake.tokens.clear();
  fake.tokens.add("issued-2");
  fake.closeWatches("nodes");
  await fake.until(() => fake.watchCount === 0);
  await fake.watching("nodes");
  assert.equal(await readFile(runs, "utf8"), "..");
  skewMs = 2 * 3600_000;
  fake.tokens.add("issued-3");
  fake.closeWatches("nodes");
  await fake.until(() => fake.watchCount === 0);
  await fake.watching("nodes");
  assert.equal(await readFile(runs, "utf8"), "...");
});

test("kubeconfig: closing does not wait for a plugin that hangs", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const started = join(await temporaryDirectory(t), "started");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: [
      "-e",
      `require("node:fs").writeFileSync(${JSON.stringify(started)}, ""); setInterval(() => {}, 1000)`,
    ],
  };
  const { config, host } = await withKubeconfig(t, {}, { exec }, fake);
  const context = await connect(config, host);
  const nodes = new WatchedObjects({
    ...context,
    resource: resources.nodes,
    namespaces: [],
    project: () => "",
  });
  await eventually(() => existsSync(started));
  await nodes.close();
  // The test's own process only ends when the plugin has.
  await context.client.close();
});

test("kubeconfig: a plugin that fails is named with what it said", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: ["-e", "console.error('please log in'); process.exit(1)"],
    installHint: "ask the platform team",
  };
  const { config, host, logger } = await withKubeconfig(t, {}, { exec }, fake);
  await watchNodes(t, config, host);
  await eventually(() => logger.lines.length > 0);
  assert.match(
    String(logger.lines[0]?.fields["error"]),
    /credential plugin ".*" failed: please log in; ask the platform team/,
  );
});

test("kubeconfig: what cannot work is refused at the start", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const cases: [user: object, message: RegExp][] = [
    [{ "client-certificate": "x" }, /client-certificate and client-key come together/],
    [{ "auth-provider": { name: "gcp" } }, /auth-provider is not supported/],
    [{ exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } }, /users::0::user::exec/],
  ];
  for (const [user, message] of cases) {
    const { config, host } = await withKubeconfig(t, {}, user, fake);
    await assert.rejects(connect(config, host), { code: "COMPONENT_START", message });
  }
  const { config, host, file } = await withKubeconfig(t, {}, {}, fake);
  await writeFile(file, "clusters: [");
  await assert.rejects(connect(config, host), { message: /no valid YAML/ });
  if (process.platform !== "win32" && process.getuid?.() !== 0) {
    await chmod(file, 0);
    await assert.rejects(connect(config, host), { message: /cannot be read/ });
  }
  await assert.rejects(connect({ ...config, kubeconfig_file: `${file}-none` }, host), {
    message: /no kubeconfig found/,
  });
});
