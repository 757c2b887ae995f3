import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The path of a file of the package, from the sources as well as from the built tree, which lies one level deeper. */
export function packageFile(name: string): string {
  const candidates = ["../../", "../../../"].map((up) =>
    fileURLToPath(new URL(`${up}${name}`, import.meta.url)),
  );
  return candidates.find((path) => existsSync(path)) ?? (candidates[0] as string);
}
