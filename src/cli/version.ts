import { readFileSync } from "node:fs";
import { packageFile } from "./package-file.ts";

/** The package's version. */
export const version: string = String(
  (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: unknown }).version,
);
