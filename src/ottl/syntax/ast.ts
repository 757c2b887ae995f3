/** Columns count from 1 and point into the text of the statement. */
interface Located {
  readonly column: number;
}

export interface Literal extends Located {
  readonly kind: "literal";
  /** int is a bigint, float a number, bytes a Uint8Array, nil undefined. */
  readonly value: string | bigint | number | boolean | Uint8Array | undefined;
}

/** An upper-case name on its own: an enum, or a converter that is handed to another function. */
export interface Name extends Located {
  readonly kind: "name";
  readonly name: string;
}

export interface Segment extends Located {
  readonly name: string;
  readonly keys: readonly Expression[];
}

export interface Path extends Located {
  readonly kind: "path";
  readonly segments: readonly [Segment, ...Segment[]];
}

export interface Argument extends Located {
  readonly name?: string;
  readonly value: Expression;
}

export interface Call extends Located {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Argument[];
  readonly keys: readonly Expression[];
}

export interface List extends Located {
  readonly kind: "list";
  readonly items: readonly Expression[];
}

export interface MapLiteral extends Located {
  readonly kind: "map";
  readonly entries: readonly { readonly key: string; readonly value: Expression }[];
}

export interface Lambda extends Located {
  readonly kind: "lambda";
  readonly parameters: readonly string[];
  readonly body: Expression;
}

export type MathOperator = "+" | "-" | "*" | "/";
export type ComparisonOperator = "==" | "!=" | "<" | ">" | "<=" | ">=";

export interface Negation extends Located {
  readonly kind: "negate";
  readonly operand: Expression;
}

export interface MathOperation extends Located {
  readonly kind: "math";
  readonly operator: MathOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Comparison extends Located {
  readonly kind: "compare";
  readonly operator: ComparisonOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Logic extends Located {
  readonly kind: "logic";
  readonly operator: "and" | "or";
  readonly left: Expression;
  readonly right: Expression;
}

export interface Not extends Located {
  readonly kind: "not";
  readonly operand: Expression;
}

/** What has a value. */
export type ValueExpression =
  | Literal
  | Name
  | Path
  | Call
  | List
  | MapLiteral
  | Lambda
  | Negation
  | MathOperation;
/** What is true or false and stands in where clauses, conditions and lambdas only. */
export type BooleanExpression = Comparison | Logic | Not;
export type Expression = ValueExpression | BooleanExpression;

export interface Statement {
  readonly editor: Call;
  readonly where?: Expression;
}
