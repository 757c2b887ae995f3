import type { ErrorCode } from "./codes.ts";

/**
 * The base of all errors this project throws. Match on `code`, never on the text: the text is for people.
 * Messages are lower case without a full stop and name the thing, the value and what is allowed.
 */
export class CollectorError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    // The subclass's own name, so that stack traces and logs show it without each class repeating this line.
    this.name = new.target.name;
  }
}
