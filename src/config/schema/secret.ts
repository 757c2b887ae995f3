import { z } from "zod";
import { markKind } from "./kinds.ts";

export const redacted = "[REDACTED]";

/** `inspect.custom` of node:util, by its registered name: so the declarations need no types of Node. */
const inspected: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * A text that must not be printed: it shows as [REDACTED] in strings, JSON, logs and inspect. Two secrets cannot be
 * told apart from outside (deepEqual finds them alike): compare what {@link reveal} gives.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  static reveal(secret: Secret): string {
    return secret.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspected](): string {
    return redacted;
  }
}

/** The text of a secret, for the one place that sends it. */
export function reveal(secret: Secret): string {
  return Secret.reveal(secret);
}

/** A string option whose value is never printed: tokens, passwords, keys in PEM, header values. */
export function opaque(): z.ZodType<Secret, string> {
  return markKind(
    z.string().transform((value) => new Secret(value)),
    "secret",
  );
}
