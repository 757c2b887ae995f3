import { createHash } from "node:crypto";

/** Most file systems take names of 255 bytes; a suffix for a damaged file or the like has to fit as well. */
const MAX_LENGTH = 200;

/** The folder of one component's store. Different arguments give different names, also where case does not count. */
export function storeName(kind: string, id: string, name: string): string {
  const full = [kind, id, name].map(escapePart).join(".");
  if (full.length <= MAX_LENGTH) return full;
  const hash = createHash("sha256").update(full).digest("hex").slice(0, 16);
  return `${full.slice(0, MAX_LENGTH - hash.length - 1)}.${hash}`;
}

/** `~XXXX` for each UTF-16 unit other than lower-case letters, digits, `_` and `-`. */
function escapePart(part: string): string {
  return part.replaceAll(
    /[^a-z0-9_-]/g,
    (unit) => `~${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}
