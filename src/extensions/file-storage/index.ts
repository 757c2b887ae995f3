import { defineExtension } from "../../component/index.ts";
import { configSchema, configWarnings } from "./config.ts";
import { FileStorageExtension } from "./file-storage-extension.ts";

export default defineExtension({
  type: "file_storage",
  stability: "beta",
  description: "Keeps data of other components, such as sending queues, in files.",
  config: configSchema,
  warnings: configWarnings,
  create: (settings) => new FileStorageExtension(settings),
});
