import { EvaluationError } from "../ottl-error.ts";
import { fromWallClock, Instant, isZone } from "./time.ts";
import { days, expandFormat, months } from "./time-directives.ts";

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
  const source = expandFormat(format)
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
