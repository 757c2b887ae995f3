export { attributeText } from "./attribute-text.ts";
export { copyPoints } from "./copy-points.ts";
export { LayoutAssembler } from "./layout-assembler.ts";
export { type LayoutMapping, mapLayout, mapPointAttributes } from "./map-layout.ts";
export { joinPoints, metricIdentity, pickPoints } from "./pick-points.ts";
export { ScaleSlots } from "./scale-slots.ts";
export { type SlotOperation, SlotProgram } from "./slot-program.ts";
