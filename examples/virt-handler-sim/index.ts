export { Exposition } from "./exposition.ts";
export { formatGoNumber } from "./go-number.ts";
export type { VirtHandler, VirtHandlerSettings } from "./virt-handler.ts";
export { startVirtHandler } from "./virt-handler.ts";
export type { VcpuState } from "./vm.ts";
export type { VmSettings } from "./vm-hardware.ts";
export type { WorldSettings } from "./world.ts";
export { World } from "./world.ts";
