import { z } from "../../config/index.ts";

/** Powers of 1024, as Prometheus counts: KB and KiB are the same. */
const prefixes = ["", "K", "M", "G", "T", "P", "E"] as const;

const pattern = /^(?:\d+(?:\.\d+)?(?:B|[KMGTPE]i?B))+$/;
const part = /(\d+(?:\.\d+)?)([KMGTPE]?)i?B/g;

/** Bytes of a size such as "15MB" or "1.5GiB"; undefined if it is none. */
export function parseByteSize(text: string): number | undefined {
  if (text === "0") return 0;
  if (!pattern.test(text)) return undefined;
  let bytes = 0;
  for (const [, digits, prefix] of text.matchAll(part)) {
    bytes += Number(digits) * 1024 ** prefixes.indexOf(prefix as (typeof prefixes)[number]);
  }
  return Math.floor(bytes);
}

/** The text for a number of bytes, in the greatest unit that it is a whole number of. */
export function formatByteSize(bytes: number): string {
  if (bytes === 0) return "0";
  let power = 0;
  while (power < prefixes.length - 1 && bytes % 1024 ** (power + 1) === 0) power++;
  return `${bytes / 1024 ** power}${prefixes[power]}B`;
}

/** A size as Prometheus writes it in the config, bytes in the program. */
export function byteSize(): z.ZodType<number, string | number> {
  return z.codec(z.union([z.string(), z.literal(0)]), z.number(), {
    decode: (value, context) => {
      const bytes = parseByteSize(String(value));
      if (bytes !== undefined) return bytes;
      context.issues.push({
        code: "custom",
        input: value,
        message: `expected a size such as "15MB", got ${JSON.stringify(value)}`,
        params: { hint: "units are B, KB, MB, GB, TB, PB and EB, each 1024 of the one before" },
      });
      return z.NEVER;
    },
    encode: (bytes) => formatByteSize(bytes),
  });
}
