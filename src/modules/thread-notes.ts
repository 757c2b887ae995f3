import { inspect } from "node:util";
import { createNoopMeter } from "@opentelemetry/api";
import type { LogFields, Logger, LogLevel, Meter, MeterAttributes } from "../telemetry/index.ts";
import { instrumentKinds, type Note } from "./thread-messages.ts";

type Post = (note: Note) => void;

/** A logger in a thread, whose lines another logger writes outside. */
export function postingLogger(post: Post, levels: readonly LogLevel[], more: LogFields = {}): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.includes(level))
        post({ kind: "log", level, message, fields: crossing({ ...more, ...fields }) });
    };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (fields) => postingLogger(post, levels, { ...more, ...fields }),
    isEnabled: (level) => levels.includes(level),
  };
}

/** What cannot be copied to another thread crosses as text. */
function crossing(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      try {
        return [name, structuredClone(value)];
      } catch {
        return [name, inspect(value)];
      }
    }),
  );
}

/** A meter in a thread, whose instruments are another's outside. Observable ones observe nothing. */
export function postingMeter(post: Post): Meter {
  const meter = createNoopMeter();
  for (const instrument of instrumentKinds) {
    const create = (name: string, options?: object) => {
      const measure = (value: number, attributes?: MeterAttributes) =>
        post({ kind: "measured", instrument, name, options, value, attributes });
      return { add: measure, record: measure };
    };
    Object.defineProperty(meter, `create${instrument}`, { value: create });
  }
  return meter;
}

/** Writes and measures what a thread has posted. */
export function noteTaker(logger: Logger, meter: Meter): (note: Note) => void {
  const instruments = new Map<string, (value: number, attributes?: MeterAttributes) => void>();
  return (note) => {
    if (note.kind === "log") {
      logger[note.level](note.message, note.fields);
      return;
    }
    const { instrument, name, options, value, attributes } = note;
    const key = `${instrument} ${name}`;
    let measure = instruments.get(key);
    if (measure === undefined) {
      const created = meter[`create${instrument}`](name, options);
      measure = "add" in created ? created.add.bind(created) : created.record.bind(created);
      instruments.set(key, measure);
    }
    measure(value, attributes);
  };
}
