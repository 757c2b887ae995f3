import { actionSchema } from "../../attribute-actions/index.ts";
import { z } from "../../config/index.ts";

export const configSchema = z.strictObject({
  attributes: z
    .array(actionSchema)
    .min(1)
    .describe("What to do with the attributes of resources, in this order."),
});

export type Config = z.output<typeof configSchema>;
