import { EvaluationError } from "../ottl-error.ts";
import { parseDurationNs } from "../values/duration-text.ts";
import { formatTime } from "../values/format-time.ts";
import { parseTime } from "../values/parse-time.ts";
import { Duration, floorDiv, Instant, isZone, NS_PER_SECOND } from "../values/time.ts";
import type { ValueType } from "../values/value-type.ts";
import {
  defineConverter,
  defineFunction,
  durationValue,
  type FunctionDefinition,
  int,
  literal,
  optional,
  string,
  time,
} from "./parameter.ts";

/** Truncation counts from the first of January of year 1, as Go does. */
const YEAR_ONE_NS = 62_135_596_800n * NS_PER_SECOND;

function truncate(instant: Instant, by: bigint): Instant {
  if (by <= 0n) return instant;
  const since = instant.ns + YEAR_ONE_NS;
  return new Instant(floorDiv(since, by) * by - YEAR_ONE_NS, instant.zone);
}

function field(name: string, read: (instant: Instant) => number): FunctionDefinition {
  return defineConverter(name, { time: time() }, "int", ({ time: instant }) => BigInt(read(instant)));
}

function since(name: string, unitNs: bigint): FunctionDefinition {
  return defineConverter(name, { time: time() }, "int", ({ time: instant }) => floorDiv(instant.ns, unitNs));
}

function length(
  name: string,
  returns: ValueType,
  convert: (ns: bigint) => number | bigint,
): FunctionDefinition {
  return defineConverter(name, { duration: durationValue() }, returns, ({ duration: { ns } }) => convert(ns));
}

const timeFunction = defineFunction({
  name: "Time",
  parameters: {
    target: string(),
    format: string(),
    location: optional(literal(string())),
    locale: optional(literal(string())),
  },
  returns: "time",
  build({ target, format, location, locale }) {
    if (locale !== undefined && !/^(?:en(?:[-_].*)?)?$/i.test(locale)) {
      throw new Error(
        `locale ${JSON.stringify(locale)} is not supported, only English names of months and days are read`,
      );
    }
    if (location !== undefined && location !== "" && !isZone(location)) {
      throw new Error(`unknown time zone ${JSON.stringify(location)}`);
    }
    return (frame) => parseTime(target.get(frame), format.get(frame), location || "UTC");
  },
});

const nowFunction = defineFunction({
  name: "Now",
  parameters: {},
  returns: "time",
  effects: { isImpure: true },
  build: () => (frame) => new Instant(frame.now()),
});

export const timeFunctions: readonly FunctionDefinition[] = [
  timeFunction,
  nowFunction,
  defineConverter("Duration", { duration: string() }, "duration", ({ duration }) => {
    const ns = parseDurationNs(duration);
    if (ns === undefined)
      throw new EvaluationError(`${JSON.stringify(duration)} is no duration such as "1h30m"`);
    return new Duration(ns);
  }),
  defineConverter("FormatTime", { time: time(), format: string() }, "string", ({ time: instant, format }) => {
    if (format === "") throw new EvaluationError("format must not be empty");
    return formatTime(instant, format);
  }),
  defineConverter(
    "TruncateTime",
    { time: time(), duration: durationValue() },
    "time",
    ({ time: instant, duration }) => truncate(instant, duration.ns),
  ),
  defineConverter(
    "Unix",
    { seconds: int(), nanoseconds: optional(int()) },
    "time",
    ({ seconds, nanoseconds }) => {
      return new Instant(seconds * NS_PER_SECOND + (nanoseconds ?? 0n));
    },
  ),
  field("Year", ({ wallClock }) => wallClock.getUTCFullYear()),
  field("Month", ({ wallClock }) => wallClock.getUTCMonth() + 1),
  field("Day", ({ wallClock }) => wallClock.getUTCDate()),
  field("Weekday", ({ wallClock }) => wallClock.getUTCDay()),
  field("Hour", ({ wallClock }) => wallClock.getUTCHours()),
  field("Minute", ({ wallClock }) => wallClock.getUTCMinutes()),
  field("Second", ({ wallClock }) => wallClock.getUTCSeconds()),
  field("Nanosecond", ({ nanosecond }) => nanosecond),
  since("UnixNano", 1n),
  since("UnixMicro", 1000n),
  since("UnixMilli", 1_000_000n),
  since("UnixSeconds", NS_PER_SECOND),
  length("Hours", "float", (ns) => Number(ns) / 3.6e12),
  length("Minutes", "float", (ns) => Number(ns) / 6e10),
  length("Seconds", "float", (ns) => Number(ns) / 1e9),
  length("Milliseconds", "int", (ns) => ns / 1_000_000n),
  length("Microseconds", "int", (ns) => ns / 1000n),
  length("Nanoseconds", "int", (ns) => ns),
];
