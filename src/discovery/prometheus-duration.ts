import { z } from "../config/index.ts";

/** From the greatest to the smallest, as they must follow each other. */
const units: readonly (readonly [name: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const pattern = new RegExp(`^${units.map(([name]) => `(?:(\\d+)${name})?`).join("")}$`);
/** Some 290 years, the longest that Prometheus takes. */
const MAX_MS = 2 ** 63 / 1e6;

/** Milliseconds of a duration such as "1m", "1h30m" or "1d"; undefined if it is none. */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const match = text === "" ? null : pattern.exec(text);
  if (match === null) return undefined;
  const ms = units.reduce((sum, [, unit], i) => sum + Number(match[i + 1] ?? 0) * unit, 0);
  return ms <= MAX_MS ? ms : undefined;
}

/** The text Prometheus writes for a duration: "1m", "1h30m", "90d", "2w", "0s". */
export function formatPrometheusDuration(ms: number): string {
  let rest = Math.round(ms);
  let text = "";
  for (const [name, unit] of units) {
    // Years and weeks are written only for what is nothing but them.
    if ((name === "y" || name === "w") && rest % unit !== 0) continue;
    const count = Math.floor(rest / unit);
    if (count > 0) text += `${count}${name}`;
    rest -= count * unit;
  }
  return text === "" ? "0s" : text;
}

/** A duration as Prometheus writes it in the config, milliseconds in the program. Give the default with `.prefault("1m")`. */
export function prometheusDuration(
  options: { readonly min?: number } = {},
): z.ZodType<number, string | number> {
  const { min = 0 } = options;
  return z.codec(z.union([z.string(), z.literal(0)]), z.number(), {
    decode: (value, context) => {
      const ms = parsePrometheusDuration(String(value));
      if (ms !== undefined && ms >= min) return ms;
      const message =
        ms === undefined
          ? `expected a duration such as "30s" or "1h30m", got ${JSON.stringify(value)}`
          : `must be at least ${formatPrometheusDuration(min)}, got ${formatPrometheusDuration(ms)}`;
      const hint =
        ms === undefined ? "whole numbers with the units y, w, d, h, m, s and ms, in this order" : undefined;
      context.issues.push({ code: "custom", input: value, message, params: { hint } });
      return z.NEVER;
    },
    encode: (ms) => formatPrometheusDuration(ms),
  });
}
