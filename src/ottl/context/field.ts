import type { ValueType } from "../values/value-type.ts";
import type { Frame } from "./draft.ts";

/** Something a path can name. */
export interface Field {
  readonly type: ValueType;
  /** Whether it is a value, time or flag of a point rather than a name. */
  readonly isPointData?: boolean;
  /** Whether it looks at all the points of a metric. */
  readonly spansPoints?: boolean;
  readonly get: (frame: Frame) => unknown;
  /** Undefined when read-only; gets a value of the field's type. */
  readonly set?: (frame: Frame, value: unknown) => void;
  /** What to do instead of setting a read-only field. */
  readonly readOnlyHint?: string;
  /** Whether the values inside are attribute values, whose numbers stand for integers when they are whole. */
  readonly isAttributes?: boolean;
  /** Fields of it, such as `positive.offset`. */
  readonly fields?: Readonly<Record<string, Field>>;
}
