export { type ConnectionConfig, connect, connectionShape, type KubernetesHost } from "./connection.ts";
export { type DiscoverSettings, type Discovery, discover } from "./discovery/discover.ts";
export type { TargetGroup } from "./discovery/sd-builders.ts";
export { type KubernetesSdConfig, kubernetesSdSchema, type SdRole } from "./discovery/sd-schema.ts";
export type { Environment } from "./in-cluster.ts";
export { Informer, type InformerContext, type InformerSettings } from "./informer.ts";
export { type KubernetesConfig, kubernetesSchema } from "./kubernetes-schema.ts";
export {
  type KubernetesTarget,
  KubernetesTargets,
  type KubernetesTargetsSettings,
} from "./kubernetes-targets.ts";
export { type CompilePattern, FieldExtractor, type FieldRule } from "./metadata/field-extractor.ts";
export { fieldRuleSchema } from "./metadata/field-rule-schema.ts";
export { type EnrichedLayout, LayoutEnricher } from "./metadata/layout-enricher.ts";
export { ObjectStore, type ReadonlyObjectStore, type StoreEvent } from "./object-store.ts";
export {
  controllerOf,
  type KubernetesObject,
  type ObjectMeta,
  type OwnerReference,
  objectKey,
  type Resource,
  resourceName,
  resources,
} from "./resource.ts";
export { WatchedObjects, type WatchedObjectsSettings } from "./watched-objects.ts";
