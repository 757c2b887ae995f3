import { CollectorError } from "../errors/index.ts";

/** An OTLP message is malformed or exceeds a limit. */
export class OtlpDecodeError extends CollectorError {
  /** Where in the input: a byte for protobuf, a character for JSON that does not parse, else undefined. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number, options?: { readonly cause?: unknown }) {
    super("OTLP_DECODE", offset === undefined ? message : `${message} at offset ${offset}`, options);
    this.offset = offset;
  }
}
