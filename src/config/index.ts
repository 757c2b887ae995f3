export { z } from "zod";
export {
  ConfigError,
  type Diagnostic,
  Diagnostics,
  formatDiagnostics,
  formatPath,
  type Place,
  type Problem,
} from "./diagnostics.ts";
export { jsonSchema } from "./json-schema.ts";
export type { Environment } from "./location.ts";
export { nearestName } from "./nearest-name.ts";
export { type ConfigEntry, type ConfigKind, ConfigNode, type ScalarValue } from "./node.ts";
export { type OptionRow, optionRows, optionsTable } from "./options-table.ts";
export { type PrintOptions, printConfig, TypedValue } from "./print.ts";
export { redacted, redactPatterns, redactText } from "./redact/redact-text.ts";
export { type ResolvedConfig, type ResolveOptions, resolveConfig } from "./resolve.ts";
export { type ComponentId, componentId, parseComponentId } from "./schema/component-id.ts";
export { crossCheck } from "./schema/cross-check.ts";
export { duration, formatDuration, parseDuration } from "./schema/duration.ts";
export { endpointUrl } from "./schema/endpoint-url.ts";
export { type Headers, headers } from "./schema/headers.ts";
export { refusing, type Unsupported } from "./schema/refusing.ts";
export { scalarText } from "./schema/scalar-text.ts";
export { opaque, reveal, Secret } from "./schema/secret.ts";
export { enabledSection, optionalSection } from "./schema/sections.ts";
export { shownError } from "./shown-error.ts";
export type { Position, Source } from "./source.ts";
export { type ValidateOptions, validateNode } from "./validate.ts";
