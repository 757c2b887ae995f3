import { createNoopMeter } from "@opentelemetry/api";
import type { Meter } from "../telemetry/index.ts";

/** For commands that build components without running them. */
export const noMeter: Meter = createNoopMeter();
