import { EvaluationError } from "../ottl-error.ts";
import { fromWallClock, Instant, isZone } from "./time.ts";

const months = "January February March April May June July August September October November December".split(
  " ",
);
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Directives that stand for others. */
const composed: Readonly<Record<string, string>> = {
  D: "%m/%d/%y",
  x: "%m/%d/%y",
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  X: "%H:%M:%S",
  r: "%I:%M:%S %p",
  R: "%H:%M",
  n: "\n",
  t: "\t",
  c: "%a %b %d %H:%M:%S %Y",
  h: "%b",
};

/** @throws EvaluationError for an unknown directive */
function expand(format: string): string {
  return format.replace(/%(.?)/gsu, (whole, directive: string) => {
    const text = composed[directive];
    if (text !== undefined) return text;
    if (directive !== "" && "%YymoqbBdegaAHIlpPMSLfszZijkw".includes(directive)) return whole;
    throw new EvaluationError(`unknown time directive ${JSON.stringify(whole)}`);
  });
}

/** A time by a ctime-like format. */
export function formatTime(instant: Instant, format: string): string {
  const wall = instant.wallClock;
  const field = (directive: string): string => {
    switch (directive) {
      case "%":
        return "%";
      case "Y":
        return pad(wall.getUTCFullYear(), 4);
      case "y":
        return pad(wall.getUTCFullYear() % 100, 2);
      case "m":
        return pad(wall.getUTCMonth() + 1, 2);
      case "o":
        return String(wall.getUTCMonth() + 1).padStart(2);
      case "q":
        return String(wall.getUTCMonth() + 1);
      case "b":
        return (months[wall.getUTCMonth()] as string).slice(0, 3);
      case "B":
        return months[wall.getUTCMonth()] as string;
      case "d":
        return pad(wall.getUTCDate(), 2);
      case "e":
        return String(wall.getUTCDate()).padStart(2);
      case "g":
        return String(wall.getUTCDate());
      case "a":
        return (days[wall.getUTCDay()] as string).slice(0, 3);
      case "A":
        return days[wall.getUTCDay()] as string;
      case "H":
        return pad(wall.getUTCHours(), 2);
      case "I":
        return pad(wall.getUTCHours() % 12 || 12, 2);
      case "l":
        return String(wall.getUTCHours() % 12 || 12);
      case "p":
        return wall.getUTCHours() < 12 ? "AM" : "PM";
      case "P":
        return wall.getUTCHours() < 12 ? "am" : "pm";
      case "M":
        return pad(wall.getUTCMinutes(), 2);
      case "S":
        return pad(wall.getUTCSeconds(), 2);
      case "L":
        return pad(Math.floor(instant.nanosecond / 1_000_000), 3);
      case "f":
        return pad(Math.floor(instant.nanosecond / 1000), 6);
      case "s":
        return pad(instant.nanosecond, 9);
      case "Z":
        return zoneName(instant);
      default:
        return offset(instant.offsetMinutes, directive);
    }
  };
  return expand(format).replace(/%(.)/gsu, (_, directive: string) => field(directive));
}

/** RFC 3339 with the fraction that is needed. */
export function formatInstant(instant: Instant): string {
  const fraction = instant.nanosecond === 0 ? "" : `.${pad(instant.nanosecond, 9).replace(/0+$/, "")}`;
  const zone = instant.offsetMinutes === 0 ? "Z" : offset(instant.offsetMinutes, "j");
  return `${formatTime(instant, "%Y-%m-%dT%H:%M:%S")}${fraction}${zone}`;
}

function offset(minutes: number, directive: string): string {
  const sign = minutes < 0 ? "-" : "+";
  const hh = pad(Math.floor(Math.abs(minutes) / 60), 2);
  const mm = pad(Math.abs(minutes) % 60, 2);
  const forms: Readonly<Record<string, string>> = {
    z: `${hh}${mm}`,
    i: hh,
    j: `${hh}:${mm}`,
    k: `${hh}:${mm}:00`,
    w: `${hh}${mm}00`,
  };
  return sign + (forms[directive] as string);
}

function zoneName(instant: Instant): string {
  if (typeof instant.zone === "number") return instant.zone === 0 ? "UTC" : offset(instant.zone, "z");
  if (instant.zone === "UTC") return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: instant.zone,
    timeZoneName: "short",
  }).formatToParts(Number(instant.ns / 1_000_000n));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon?: boolean;
  zone?: string | number;
}

const abbreviations: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  Z: 0,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  HST: -600,
  AKST: -540,
  AKDT: -480,
  CET: 60,
  CEST: 120,
  BST: 60,
  IST: 330,
  JST: 540,
};

const patterns: Readonly<Record<string, string>> = {
  "%": "%",
  Y: "(\\d{4})",
  y: "(\\d{2})",
  m: "(\\d{2})",
  o: " ?(\\d{1,2})",
  q: "(\\d{1,2})",
  b: "([A-Za-z]{3})",
  B: "([A-Za-z]+)",
  d: "(\\d{2})",
  e: " ?(\\d{1,2})",
  g: "(\\d{1,2})",
  a: "([A-Za-z]{3})",
  A: "([A-Za-z]+)",
  H: "(\\d{2})",
  I: "(\\d{2})",
  l: "(\\d{1,2})",
  p: "(AM|PM)",
  P: "(am|pm)",
  M: "(\\d{2})",
  S: "(\\d{2})",
  L: "(\\d{3})",
  f: "(\\d{6})",
  s: "(\\d{9})",
  z: "([+-]\\d{4}|Z)",
  Z: "([A-Za-z]+(?:/[A-Za-z_/+-]+)?)",
  i: "([+-]\\d{2})",
  j: "([+-]\\d{2}:\\d{2}|Z)",
  k: "([+-]\\d{2}:\\d{2}:\\d{2})",
  w: "([+-]\\d{6})",
};

/**
 * Reads a time by a ctime-like format.
 * @param zone for a text that names none
 * @throws EvaluationError when the text does not follow the format
 */
export function parseTime(text: string, format: string, zone: string | number = "UTC"): Instant {
  const directives: string[] = [];
  const source = expand(format)
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    .replace(/%(.)/gsu, (_, directive: string) => {
      if (directive !== "%") directives.push(directive);
      return patterns[directive] as string;
    });
  const match = new RegExp(`^${source}$`, "u").exec(text);
  const fail = (): never => {
    throw new EvaluationError(`${JSON.stringify(text)} is no time of the form ${JSON.stringify(format)}`);
  };
  if (match === null) return fail();
  const fields: Fields = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };
  for (const [i, directive] of directives.entries()) {
    if (!apply(fields, directive, match[i + 1] as string)) return fail();
  }
  return toInstant(fields, zone) ?? fail();
}

function apply(fields: Fields, directive: string, text: string): boolean {
  const number = Number(text);
  switch (directive) {
    case "Y":
      fields.year = number;
      return true;
    case "y":
      fields.year = number + (number >= 69 ? 1900 : 2000);
      return true;
    case "m":
    case "o":
    case "q":
      fields.month = number;
      return true;
    case "b":
    case "B": {
      const index = months.findIndex(
        (name) => (directive === "b" ? name.slice(0, 3) : name).toLowerCase() === text.toLowerCase(),
      );
      fields.month = index + 1;
      return index >= 0;
    }
    case "a":
    case "A":
      return days.some(
        (name) => (directive === "a" ? name.slice(0, 3) : name).toLowerCase() === text.toLowerCase(),
      );
    case "d":
    case "e":
    case "g":
      fields.day = number;
      return true;
    case "H":
      fields.hour = number;
      return number < 24;
    case "I":
    case "l":
      fields.hour = number;
      return number >= 1 && number <= 12;
    case "p":
    case "P":
      fields.afternoon = text.toLowerCase() === "pm";
      return true;
    case "M":
      fields.minute = number;
      return number < 60;
    case "S":
      fields.second = number;
      return number < 60;
    case "L":
    case "f":
    case "s":
      fields.nanosecond = Number(text.padEnd(9, "0"));
      return true;
    case "Z": {
      const minutes = abbreviations[text.toUpperCase()];
      // An offset that was read before says more than the name of the zone.
      fields.zone ??= minutes ?? text;
      return minutes !== undefined || isZone(text);
    }
    default: {
      const [, sign, hours, minutes = "0"] = /^([+-])(\d{2}):?(\d{2})?/.exec(text) ?? ["", "+", "0"];
      fields.zone = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
      return true;
    }
  }
}

function toInstant(fields: Fields, zone: string | number): Instant | undefined {
  const { year, month, day, minute, second, nanosecond, afternoon } = fields;
  const hour = afternoon === undefined ? fields.hour : (fields.hour % 12) + (afternoon ? 12 : 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  // The 31st of June rolls over.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const wallNs = BigInt(date.getTime()) * 1_000_000n + BigInt(nanosecond);
  const where = fields.zone ?? zone;
  return new Instant(fromWallClock(wallNs, where), where);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
