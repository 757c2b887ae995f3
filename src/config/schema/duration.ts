import { z } from "zod";
import { markKind } from "./kinds.ts";

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3, // U+00B5, micro sign
  μs: 1e3, // U+03BC, Greek mu
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** The strings that Go's time.ParseDuration takes, as a regular expression source. */
export const durationPattern = "^[-+]?(0|((\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)$";
const whole = new RegExp(durationPattern);
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Go keeps durations as int64 nanoseconds; what does not fit there is refused here as well. */
const maxNanoseconds = 2 ** 63;

/** Milliseconds of a Go duration such as "1h30m" or "300ms" (fractions down to a nanosecond); undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  // Whole nanoseconds add up exactly (up to about 104 days), fractions of milliseconds do not.
  let sum = 0;
  for (const [, digits, unit] of text.matchAll(part)) {
    sum += Math.round(Number(digits) * (nanoseconds[unit as string] as number));
  }
  if (sum > maxNanoseconds) return undefined;
  return text.startsWith("-") ? 0 - sum / 1e6 : sum / 1e6;
}

/** The text Go prints for a duration: "1h30m0s", "1.5s", "300ms", "2µs", "0s". */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  const seconds = Math.trunc(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  if (nanos === 1_000_000_000) return formatDuration((seconds + 1) * 1000);
  if (seconds === 0) {
    if (nanos === 0) return "0s";
    if (nanos < 1000) return `${nanos}ns`;
    return nanos < 1_000_000 ? `${decimal(nanos, 3)}µs` : `${decimal(nanos, 6)}ms`;
  }
  const h = Math.trunc(seconds / 3600);
  const m = Math.trunc((seconds % 3600) / 60);
  const s = `${decimal((seconds % 60) * 1e9 + nanos, 9)}s`;
  return h > 0 ? `${h}h${m}m${s}` : m > 0 ? `${m}m${s}` : s;
}

/** `value / 10^digits` without trailing zeros, in integer arithmetic. */
function decimal(value: number, digits: number): string {
  const padded = String(value).padStart(digits + 1, "0");
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`.replace(/\.?0+$/, "");
}

/** The same without its zero parts ("5m" for "5m0s"), as people write it in a config. */
export function shortDuration(ms: number): string {
  return formatDuration(ms)
    .replace(/(?<=m)0s$/, "")
    .replace(/(?<=h)0m$/, "");
}

export interface DurationOptions {
  /** Least value in milliseconds; default 0. */
  readonly min?: number;
  /** Greatest value in milliseconds; default none. */
  readonly max?: number;
}

/**
 * A Go duration string in the config, a number of milliseconds in the program. A bare 0 is accepted, other bare
 * numbers are not: the Collector reads them as nanoseconds, which nobody means. Give the default with
 * `.prefault("30s")`.
 */
export function duration(options: DurationOptions = {}): z.ZodType<number, string | number> {
  const { min = 0, max } = options;
  const schema = z.codec(z.union([z.string(), z.number()]), z.number(), {
    decode: (value, context) => {
      const ms = value === 0 ? 0 : typeof value === "string" ? parseDuration(value) : undefined;
      const fail = (message: string, hint?: string): never => {
        context.issues.push({ code: "custom", input: value, message, params: { hint } });
        return z.NEVER;
      };
      if (ms === undefined) {
        const bare = /^\d+(\.\d+)?$/.test(String(value));
        return fail(
          `expected a duration such as "30s", got ${JSON.stringify(value)}`,
          bare
            ? `add a unit, for example "${value}s" or "${value}ms"`
            : 'units are "ns", "us", "ms", "s", "m" and "h"',
        );
      }
      if (ms < min) return fail(`must be at least ${shortDuration(min)}, got ${shortDuration(ms)}`);
      if (max !== undefined && ms > max) {
        return fail(`must be at most ${shortDuration(max)}, got ${shortDuration(ms)}`);
      }
      return ms;
    },
    encode: (ms) => formatDuration(ms),
  });
  return markKind(schema, "duration");
}
