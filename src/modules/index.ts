export { loadModules, type WithModules } from "./load-modules.ts";
export { moduleSchema } from "./module-schema.ts";
