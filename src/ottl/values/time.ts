import { EvaluationError } from "../ottl-error.ts";

/** A point in time, in a time zone that says how its fields (hour, day …) are counted. */
export class Instant {
  /** Nanoseconds since the Unix epoch. */
  readonly ns: bigint;
  /** IANA name, or a fixed offset in minutes. */
  readonly zone: string | number;

  constructor(ns: bigint, zone: string | number = "UTC") {
    this.ns = ns;
    this.zone = zone;
  }

  /** Minutes east of UTC at this time. */
  get offsetMinutes(): number {
    return offsetAt(this.zone, Number(this.ns / 1_000_000n));
  }

  /**
   * The wall clock of the zone, as if it were UTC.
   * @throws EvaluationError for times more than 270,000 years from now, for which there is no calendar
   */
  get wallClock(): Date {
    const ms = Number(floorDiv(this.ns, 1_000_000n));
    // With the offset of a zone, none of which is more than a day.
    if (Math.abs(ms) > MAX_DATE_MS - 86_400_000)
      throw new EvaluationError(`${this.ns / NS_PER_SECOND} seconds since 1970 are beyond the calendar`);
    return new Date(ms + this.offsetMinutes * 60_000);
  }

  /** The part of the second, 0 to 999999999. */
  get nanosecond(): number {
    return Number(((this.ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND);
  }
}

export class Duration {
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** The greatest time that a JavaScript date can hold. */
const MAX_DATE_MS = 8.64e15;
export const NS_PER_SECOND = 1_000_000_000n;

export function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** Whether `Intl` knows the zone. */
export function isZone(name: string): boolean {
  try {
    fieldsOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Nanoseconds since the epoch of a wall clock in a zone. Of a time that comes twice, when clocks are set back, the
 * first is meant; one that is skipped is taken as if the clock had not been set yet.
 * @param wallNs the wall clock as if it were UTC
 */
export function fromWallClock(wallNs: bigint, zone: string | number): bigint {
  const wallMs = Number(floorDiv(wallNs, 1_000_000n));
  const before = offsetAt(zone, wallMs - 86_400_000);
  const candidate = wallMs - before * 60_000;
  const offset = offsetAt(zone, candidate) === before ? before : offsetAt(zone, candidate);
  return wallNs - BigInt(offset) * 60n * NS_PER_SECOND;
}

function offsetAt(zone: string | number, ms: number): number {
  if (typeof zone === "number") return zone;
  if (zone === "UTC") return 0;
  const parts = new Map(
    fieldsOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const wall = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return Math.round((wall - Math.floor(ms / 1000) * 1000) / 60_000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that does not exist */
function fieldsOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}
