export { z } from "zod";
export { type ComponentId, componentId, parseComponentId } from "./schema/component-id.ts";
export { duration, formatDuration, parseDuration } from "./schema/duration.ts";
export { endpointUrl } from "./schema/endpoint-url.ts";
export { type Headers, headers } from "./schema/headers.ts";
export { opaque, redacted, reveal, Secret } from "./schema/secret.ts";
export { enabledSection, optionalSection } from "./schema/sections.ts";
