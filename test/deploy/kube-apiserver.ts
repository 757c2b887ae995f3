import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type CertificateAuthority, createCertificateAuthority } from "../support/certificates.ts";

export interface ApiResponse {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says
  readonly body: any;
}

const ADMIN = "admin-token";
const START_MS = 60_000;

/**
 * A real kube-apiserver with its etcd, RBAC on, nothing else of a cluster: no controller, no kubelet. The programs are
 * named by the environment variables KUBE_APISERVER and ETCD.
 */
export class KubeApiServer {
  readonly url: string;
  readonly #authority: CertificateAuthority;
  readonly #directory: string;
  readonly #processes: ChildProcess[];

  private constructor(
    port: number,
    authority: CertificateAuthority,
    directory: string,
    processes: ChildProcess[],
  ) {
    this.url = `https://127.0.0.1:${port}`;
    this.#authority = authority;
    this.#directory = directory;
    this.#processes = processes;
  }

  static async start(): Promise<KubeApiServer> {
    const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-api-"));
    const authority = createCertificateAuthority();
    const { certPem, keyPem } = authority.issue({ commonName: "kube-apiserver", ipAddresses: ["127.0.0.1"] });
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const files = {
      "server.crt": certPem,
      "server.key": keyPem,
      "sa.key": privateKey,
      "sa.pub": publicKey,
      "tokens.csv": `${ADMIN},admin,1,system:masters\n`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
    const etcd = spawn(
      process.env["ETCD"] ?? "etcd",
      [
        `--data-dir=${join(directory, "etcd")}`,
        `--listen-client-urls=http://127.0.0.1:${client}`,
        `--advertise-client-urls=http://127.0.0.1:${client}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-cluster=default=http://127.0.0.1:${peer}`,
      ],
      { stdio: "ignore" },
    );
    const server = spawn(
      process.env["KUBE_APISERVER"] ?? "kube-apiserver",
      [
        `--etcd-servers=http://127.0.0.1:${client}`,
        "--bind-address=127.0.0.1",
        `--secure-port=${port}`,
        `--tls-cert-file=${join(directory, "server.crt")}`,
        `--tls-private-key-file=${join(directory, "server.key")}`,
        `--token-auth-file=${join(directory, "tokens.csv")}`,
        `--service-account-key-file=${join(directory, "sa.pub")}`,
        `--service-account-signing-key-file=${join(directory, "sa.key")}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/24",
        // Nobody is there to make the accounts that it would ask for.
        "--disable-admission-plugins=ServiceAccount",
      ],
      { stdio: "ignore" },
    );
    const api = new KubeApiServer(port, authority, directory, [server, etcd]);
    const until = Date.now() + START_MS;
    for (;;) {
      if (server.exitCode !== null || etcd.exitCode !== null || Date.now() > until) {
        await api.stop();
        throw new Error("kube-apiserver or etcd did not start");
      }
      const ready = await api.call("GET", "/readyz").catch(() => undefined);
      if (ready?.status === 200) return api;
      await delay(200);
    }
  }

  /** As an administrator. */
  call(method: string, path: string, body?: unknown): Promise<ApiResponse> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.url}${path}`,
        {
          method,
          ca: this.#authority.certPem,
          headers: { authorization: `Bearer ${ADMIN}`, "content-type": type },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => {
            const json = response.headers["content-type"]?.includes("json") === true;
            resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** @throws unless the answer is a success */
  async ok(method: string, path: string, body?: unknown): Promise<ApiResponse["body"]> {
    const { status, body: answer } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** A kubeconfig for a service account, which has the permissions that RBAC gives it. */
  async kubeconfig(namespace: string, account: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const { status } = await this.ok("POST", path, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3600 },
    });
    const ca = Buffer.from(this.#authority.certPem).toString("base64");
    const file = join(this.#directory, `${account}.kubeconfig`);
    const cluster = { server: this.url, "certificate-authority-data": ca };
    await writeFile(
      file,
      JSON.stringify({
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user: { token: status.token } }],
      }),
    );
    return file;
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
