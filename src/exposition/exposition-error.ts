import { CollectorError } from "../errors/index.ts";

/** Where in a text body an error is, for people: `line` and `column` count from 1, columns in characters. */
export interface BodyPosition {
  readonly line: number;
  readonly column: number;
  /** The offending line, cut to 120 characters. */
  readonly text: string;
}

/** Where in a binary body an error is. */
export interface ByteOffset {
  /** From 0. */
  readonly offset: number;
  /** Name of the metric family that was being read, cut to 120 characters; "" before it is known. */
  readonly text: string;
}

/** A body that is not valid. `message` holds the reason only; the place is in the fields. */
export class ExpositionError extends CollectorError {
  /** In text formats. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** In binary ones. */
  readonly offset: number | undefined;
  readonly text: string;

  constructor(message: string, position: BodyPosition | ByteOffset) {
    super("SCRAPE_PARSE", message);
    const { line, column, offset, text }: Partial<BodyPosition & ByteOffset> = position;
    this.line = line;
    this.column = column;
    this.offset = offset;
    this.text = text ?? "";
  }
}

/** A body that exceeds a configured limit; `limit` is the option's name in Prometheus' spelling. */
export class ExpositionLimitError extends CollectorError {
  readonly limit: "sample_limit" | "label_limit" | "label_name_length_limit" | "label_value_length_limit";

  constructor(limit: ExpositionLimitError["limit"], message: string) {
    super("SCRAPE_LIMIT", message);
    this.limit = limit;
  }
}
