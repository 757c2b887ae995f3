import type { DocumentedSet } from "../documented-set.ts";
import { apiSet } from "./api-set.ts";
import { controllerSet } from "./controller-set.ts";
import { handlerSet } from "./handler-set.ts";

/** The documented sets by the prefix of their metrics. */
export const documentedSets = {
  kubevirt_handler: handlerSet,
  kubevirt_api: apiSet,
  kubevirt_controller: controllerSet,
} as const satisfies Readonly<Record<string, DocumentedSet>>;

export { handlerSet };
