export { compileRelabelling, type LabelNameCheck, type MutableLabels, type Relabelling } from "./relabel.ts";
export { type RelabelAction, type RelabelConfig, relabelSchema } from "./relabel-schema.ts";
