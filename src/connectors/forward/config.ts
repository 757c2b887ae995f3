import { z } from "../../config/index.ts";

export const configSchema = z.strictObject({});

export type Config = z.output<typeof configSchema>;
