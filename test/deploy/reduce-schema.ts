/**
 * Makes fixtures/kubernetes-schema.json of Kubernetes' own OpenAPI document (api/openapi-spec/swagger.json of a release):
 * `node test/deploy/reduce-schema.ts SWAGGER RELEASE`. Of the kinds that the manifests have it keeps names, types, what is
 * required and what is allowed; not the texts, which are nearly all of the four megabytes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type ObjectSchema, type Schema, shortName } from "./kubernetes-schema.ts";

const KINDS = [
  "v1/Namespace",
  "v1/ServiceAccount",
  "v1/ConfigMap",
  "v1/Service",
  "apps/v1/DaemonSet",
  "apps/v1/Deployment",
  "apps/v1/StatefulSet",
  "rbac.authorization.k8s.io/v1/Role",
  "rbac.authorization.k8s.io/v1/RoleBinding",
  "rbac.authorization.k8s.io/v1/ClusterRole",
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
  "networking.k8s.io/v1/NetworkPolicy",
  "policy/v1/PodDisruptionBudget",
  "autoscaling/v2/HorizontalPodAutoscaler",
];

interface Definition extends Schema {
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

interface Swagger {
  readonly definitions: Readonly<Record<string, Definition>>;
}

const [path = "", version = ""] = process.argv.slice(2);
const { definitions } = JSON.parse(readFileSync(path, "utf8")) as Swagger;
const kinds: Record<string, string> = {};
const reduced: Record<string, Schema> = {};

for (const [name, definition] of Object.entries(definitions)) {
  for (const { group, version, kind } of definition["x-kubernetes-group-version-kind"] ?? []) {
    const id = [...(group === "" ? [] : [group]), version, kind].join("/");
    if (!KINDS.includes(id)) continue;
    kinds[id] = shortName(name);
    keep(name);
  }
}

function keep(name: string): void {
  const short = shortName(name);
  if (short in reduced) return;
  const definition = definitions[name];
  if (definition === undefined) throw new Error(`the document has no definition ${name}`);
  reduced[short] = {};
  reduced[short] = reduce(definition);
}

function reduce(schema: Schema): Schema {
  const {
    $ref,
    type,
    format,
    required,
    enum: values,
    items,
    additionalProperties,
    properties,
  } = schema as ObjectSchema;
  if ($ref !== undefined) {
    const target = $ref.replace("#/definitions/", "");
    keep(target);
    return { $ref: shortName(target) };
  }
  return {
    ...(type !== undefined && { type }),
    ...(format === "int-or-string" && { format }),
    ...(required !== undefined && { required }),
    ...(values !== undefined && { enum: values }),
    ...(items !== undefined && { items: reduce(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: reduce(additionalProperties) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, property]) => [key, reduce(property)]),
      ),
    }),
  };
}

const missing = KINDS.filter((id) => !(id in kinds));
if (missing.length > 0) throw new Error(`the document lacks ${missing.join(", ")}`);
const target = new URL("./fixtures/kubernetes-schema.json", import.meta.url);
writeFileSync(target, `${JSON.stringify({ version, kinds, definitions: reduced })}\n`);
