import type { Instant } from "./time.ts";
import { days, expandFormat, months } from "./time-directives.ts";

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
  return expandFormat(format).replace(/%(.)/gsu, (_, directive: string) => field(directive));
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

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
