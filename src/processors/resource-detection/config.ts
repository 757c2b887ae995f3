import { duration, z } from "../../config/index.ts";
import { connectionShape } from "../../kubernetes/index.ts";

const detectorNames = ["env", "system", "kubernetes_node", "k8snode"] as const;
export type DetectorName = (typeof detectorNames)[number];

/** Attributes of a detector, and whether they are set by default. */
function attributeSwitches<Name extends string>(defaults: Readonly<Record<Name, boolean>>) {
  const names = Object.keys(defaults) as Name[];
  const shape = Object.fromEntries(names.map((name) => [name, attributeSwitch(name, defaults[name])]));
  return z
    .strictObject(shape as Record<Name, ReturnType<typeof attributeSwitch>>)
    .prefault({} as never)
    .describe("Which attributes to set.");
}

function attributeSwitch(name: string, enabled: boolean) {
  return z
    .strictObject({ enabled: z.boolean().default(enabled).describe("Whether it is set.") })
    .prefault({})
    .describe(`The attribute \`${name}\`.`);
}

export const hostnameSources = ["dns", "os", "cname", "lookup"] as const;
export type HostnameSource = (typeof hostnameSources)[number];

const nodeSchema = (what: string) =>
  z
    .strictObject({
      ...connectionShape,
      node_from_env_var: z
        .string()
        .min(1)
        .default("K8S_NODE_NAME")
        .describe("Environment variable that holds the name of the node."),
      resource_attributes: attributeSwitches({ "k8s.node.name": true, "k8s.node.uid": true }),
    })
    .prefault({})
    .describe(what);

export const configSchema = z.strictObject({
  detectors: z
    .array(z.enum(detectorNames))
    .min(1)
    .default(["env"])
    .describe(
      "Where to look. The first that knows an attribute counts. `env`: OTEL_RESOURCE_ATTRIBUTES. `system`: this machine or container. `kubernetes_node` (or `k8snode`): the node that this pod runs on.",
    ),
  override: z
    .boolean()
    .default(true)
    .describe(
      "Replaces attributes that resources have. What is found is about the collector itself: set this to false for what it scrapes from elsewhere.",
    ),
  timeout: duration({ min: 1 })
    .prefault("5s")
    .describe("How long the start waits for what is not known yet."),
  fail_on_missing_metadata: z
    .boolean()
    .default(false)
    .describe("Refuses to start when a detector fails. Else it is logged, and its attributes are missing."),
  system: z
    .strictObject({
      hostname_sources: z
        .array(z.enum(hostnameSources))
        .min(1)
        .default(["dns", "os"])
        .describe(
          "Where `host.name` comes from; the first that has one counts. `dns`: the full name. `os`: what the system says (in a pod, the pod's name). `cname`, `lookup`: canonical name, reverse look-up of its addresses.",
        ),
      resource_attributes: attributeSwitches({
        "host.name": true,
        "host.id": false,
        "host.arch": false,
        "host.ip": false,
        "host.mac": false,
        "os.type": true,
        "os.description": false,
        "os.version": false,
      }),
    })
    .prefault({})
    .describe("For the detector `system`."),
  kubernetes_node: nodeSchema("For the detector `kubernetes_node`."),
  k8snode: nodeSchema("The same under its other name, for the detector `k8snode`."),
});

export type Config = z.output<typeof configSchema>;
