import { CollectorError } from "../errors/index.ts";

/** Where in a body an error is, for people: `line` and `column` count from 1, columns in characters. */
export interface BodyPosition {
  readonly line: number;
  readonly column: number;
  /** The offending line, cut to 120 characters. */
  readonly text: string;
}

/** A body that is not valid exposition text. `message` holds the reason only; the place is in the fields. */
export class ExpositionError extends CollectorError implements BodyPosition {
  readonly line: number;
  readonly column: number;
  readonly text: string;

  constructor(message: string, position: BodyPosition) {
    super("SCRAPE_PARSE", message);
    this.line = position.line;
    this.column = position.column;
    this.text = position.text;
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
