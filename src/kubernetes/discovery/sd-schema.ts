import { endpointUrl, opaque, z } from "../../config/index.ts";

const roles = ["pod", "node", "service", "endpoints", "endpointslice", "ingress"] as const;

export type SdRole = (typeof roles)[number];

/** For which objects a role takes selectors, as Prometheus has it. */
const selectable: Readonly<Record<SdRole, readonly SdRole[]>> = {
  pod: ["pod", "node"],
  node: ["node"],
  service: ["service"],
  endpoints: ["pod", "service", "endpoints"],
  endpointslice: ["pod", "service", "endpointslice"],
  ingress: ["ingress"],
};

const flag = (what: string) => z.boolean().default(false).describe(what);

const file = (what: string) => z.string().min(1).optional().describe(what);

/** An entry of Prometheus' `kubernetes_sd_configs`. */
export const kubernetesSdSchema = z
  .strictObject({
    role: z.enum(roles).describe("Which objects become targets."),
    api_server: endpointUrl()
      .optional()
      .describe("URL of the API server. Default: the one of the pod's cluster, with its service account."),
    kubeconfig_file: file("kubeconfig to use instead of api_server."),
    authorization: z
      .strictObject({
        type: z.string().min(1).default("Bearer").describe("Authentication scheme."),
        credentials: opaque().optional().describe("The token itself."),
        credentials_file: file("File with the token, read again at each request."),
      })
      .optional()
      .describe("The Authorization header towards api_server."),
    tls_config: z
      .strictObject({
        ca_file: file("CA certificates for api_server; read again as they change."),
        cert_file: file("Client certificate."),
        key_file: file("Its private key."),
        server_name: file("Name to verify instead of the URL's host."),
        insecure_skip_verify: flag("Accept any server certificate."),
      })
      .optional()
      .describe("TLS towards api_server."),
    namespaces: z
      .strictObject({
        own_namespace: flag("Also the namespace of this pod."),
        names: z.array(z.string().min(1)).default([]).describe("Namespaces to look in. Default: all."),
      })
      .prefault({})
      .describe("Where to look."),
    selectors: z
      .array(
        z.strictObject({
          role: z.enum(roles).describe("The kind that is selected."),
          label: z.string().optional().describe("Label selector."),
          field: z.string().optional().describe("Field selector."),
        }),
      )
      .default([])
      .describe("Selectors for the objects that are read, one for each kind."),
    attach_metadata: z
      .strictObject({
        node: flag("Labels of the target's node, for pod, endpoints and endpointslice."),
        namespace: flag("Labels and annotations of the target's namespace."),
        deployment: flag("Name of the deployment that a pod belongs to."),
        job: flag("Name of the job that a pod belongs to."),
        cronjob: flag("Name of the cron job that a pod belongs to."),
      })
      .prefault({})
      .describe("What else to look up; each needs the permission to read it."),
  })
  .check((context) => {
    const { role, selectors, api_server, kubeconfig_file, authorization, tls_config } = context.value;
    const fail = (path: (string | number)[], message: string) =>
      context.issues.push({ code: "custom", input: context.value, path, message });
    const seen = new Set<SdRole>();
    for (const [i, selector] of selectors.entries()) {
      const allowed = selectable[role];
      if (!allowed.includes(selector.role)) {
        fail(
          ["selectors", i, "role"],
          `role ${role} has selectors for ${allowed.join(", ")}, got ${selector.role}`,
        );
      }
      if (seen.has(selector.role))
        fail(["selectors", i, "role"], `repeated selector for role ${selector.role}`);
      seen.add(selector.role);
    }
    if (api_server !== undefined && kubeconfig_file !== undefined) {
      fail(["kubeconfig_file"], "must not be set together with api_server");
    }
    if (api_server === undefined && authorization !== undefined) fail(["authorization"], "needs api_server");
    if (api_server === undefined && tls_config !== undefined) fail(["tls_config"], "needs api_server");
  });

export type KubernetesSdConfig = z.output<typeof kubernetesSdSchema>;
