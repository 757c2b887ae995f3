export { type ActionConfig, actionSchema } from "./action-schema.ts";
export { actionsProcessor } from "./actions-processor.ts";
export { type AttributeActions, prepareActions } from "./compile-actions.ts";
