import { z } from "zod";
import { knownSecrets } from "../redact/known-secrets.ts";
import { redacted } from "../redact/redact-text.ts";
import { markKind } from "./kinds.ts";

/** `inspect.custom` of node:util, by its registered name: so the declarations need no types of Node. */
const inspected: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * A text that must not be printed: it shows as [REDACTED] in strings, JSON, logs and inspect. While it is in use, and for
 * a while after, its text is taken out of all that leaves the process (`redactText`), whoever writes it. So what is read
 * from a file becomes one too, and is held as long as it is valid. Two secrets cannot be told apart from outside
 * (deepEqual finds them alike): compare what {@link reveal} gives.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    knownSecrets.add(this, value);
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
