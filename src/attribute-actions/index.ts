export { type ActionConfig, actionSchema } from "./action-schema.ts";
export { type AttributeActions, compileActions } from "./compile-actions.ts";
