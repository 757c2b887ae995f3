import { createRequire } from "node:module";

/** The package's version; the path holds from src/cli and from dist/src/cli alike, up to the depth. */
export const version: string = findVersion();

function findVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const found: unknown = require(path);
      if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
    } catch {
      // Not at this depth: the other one is for the built tree.
    }
  }
  return "unknown";
}
