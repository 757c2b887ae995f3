import { ProblemSignal } from "../ottl-error.ts";
import type { Argument, ComparisonOperator, Expression, MathOperator, Segment, Statement } from "./ast.ts";
import type { Token } from "./token.ts";
import { tokenize } from "./tokenize.ts";

/** Deep enough for what people write, shallow enough for the call stack. */
const MAX_DEPTH = 100;
/** The same for what follows one another in one expression: `1 + 1 + 1`. */
const MAX_CHAIN = 1000;

const keywords: ReadonlySet<string> = new Set(["where", "and", "or", "not", "true", "false", "nil"]);
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);

/**
 * `editor(…) where condition`.
 * @throws ProblemSignal
 */
export function parseStatement(text: string): Statement {
  const parser = new Parser(tokenize(text));
  return parser.statement();
}

/**
 * What may stand behind `where`.
 * @throws ProblemSignal
 */
export function parseCondition(text: string): Expression {
  return new Parser(tokenize(text)).condition();
}

/** Recursive descent; precedence from loose to tight: or, and, not, comparison, + -, * /, sign. */
class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  statement(): Statement {
    const start = this.#peek();
    if (start.kind === "end") throw new ProblemSignal(start.column, "statement is empty");
    const editor = this.#or();
    if (editor.kind !== "call") {
      throw new ProblemSignal(start.column, "expected an editor such as set(target, value)");
    }
    if (isUpperCase(editor.name)) {
      throw new ProblemSignal(
        editor.column,
        `${editor.name} is a converter: it has a value but changes nothing`,
        `use it in an editor: set(target, ${editor.name}(...)); editors are written in lower case`,
      );
    }
    if (editor.keys.length > 0) {
      throw new ProblemSignal(editor.keys[0]?.column ?? editor.column, "an editor has no value to index");
    }
    const where = this.#acceptKeyword("where") ? this.#or() : undefined;
    this.#expectEnd();
    return { editor, ...(where !== undefined && { where }) };
  }

  condition(): Expression {
    const start = this.#peek();
    if (start.kind === "end") throw new ProblemSignal(start.column, "condition is empty");
    const expression = this.#or();
    this.#expectEnd();
    return expression;
  }

  #or(): Expression {
    if (++this.#depth > MAX_DEPTH) {
      throw new ProblemSignal(this.#peek().column, `expression is nested more than ${MAX_DEPTH} deep`);
    }
    const expression = this.#logic("or", () => this.#logic("and", () => this.#not()));
    this.#depth--;
    return expression;
  }

  /** Thousands of alternatives are nothing unusual in written-out lists: a balanced tree keeps them shallow. */
  #logic(operator: "and" | "or", operand: () => Expression): Expression {
    const operands = [operand()];
    const columns: number[] = [];
    for (let at = this.#acceptKeyword(operator); at !== undefined; at = this.#acceptKeyword(operator)) {
      columns.push(at.column);
      operands.push(operand());
    }
    const join = (from: number, to: number): Expression => {
      if (to - from === 1) return operands[from] as Expression;
      const middle = (from + to + 1) >> 1;
      const column = columns[middle - 1] as number;
      return { kind: "logic", operator, left: join(from, middle), right: join(middle, to), column };
    };
    return join(0, operands.length);
  }

  #not(): Expression {
    const not = this.#acceptKeyword("not");
    // The Collector's grammar has no double negation.
    return not === undefined
      ? this.#comparison()
      : { kind: "not", operand: this.#comparison(), column: not.column };
  }

  #comparison(): Expression {
    const left = this.#sum();
    const token = this.#peek();
    if (token.kind !== "symbol" || !comparisons.has(token.text)) {
      if (token.kind === "symbol" && token.text === "=") {
        throw new ProblemSignal(token.column, 'unexpected "="', 'equality is written "=="');
      }
      return left;
    }
    this.#index++;
    const operator = token.text as ComparisonOperator;
    return { kind: "compare", operator, left, right: this.#sum(), column: token.column };
  }

  #sum(): Expression {
    let left = this.#product();
    let length = 0;
    for (let at = this.#accept("+", "-"); at !== undefined; at = this.#accept("+", "-")) {
      checkChain(++length, at);
      const operator = at.text as MathOperator;
      left = { kind: "math", operator, left, right: this.#product(), column: at.column };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#signed();
    let length = 0;
    for (let at = this.#accept("*", "/"); at !== undefined; at = this.#accept("*", "/")) {
      checkChain(++length, at);
      const operator = at.text as MathOperator;
      left = { kind: "math", operator, left, right: this.#signed(), column: at.column };
    }
    return left;
  }

  #signed(): Expression {
    const sign = this.#accept("-", "+");
    if (sign === undefined) return this.#primary();
    const operand = this.#primary();
    if (sign.text === "+") return operand;
    // A sign before digits is part of the number, so that the least int64 can be written.
    if (
      operand.kind === "literal" &&
      (typeof operand.value === "bigint" || typeof operand.value === "number")
    ) {
      return { ...operand, value: -operand.value, column: sign.column };
    }
    return { kind: "negate", operand, column: sign.column };
  }

  #primary(): Expression {
    const token = this.#peek();
    const { column } = token;
    switch (token.kind) {
      case "string":
        this.#index++;
        return { kind: "literal", value: token.text, column };
      case "int":
        this.#index++;
        return { kind: "literal", value: parseInteger(token), column };
      case "float":
        this.#index++;
        return { kind: "literal", value: Number(token.text), column };
      case "bytes":
        this.#index++;
        return { kind: "literal", value: Uint8Array.from(Buffer.from(token.text.slice(2), "hex")), column };
      case "name":
        return this.#named(token);
      case "end":
        throw new ProblemSignal(column, "unexpected end, expected a value");
      case "symbol":
        if (token.text === "[") return this.#list(token);
        if (token.text === "{") return this.#map(token);
        if (token.text === "(") return this.#isLambda() ? this.#lambda(token) : this.#parenthesised();
        throw new ProblemSignal(column, `unexpected ${JSON.stringify(token.text)}, expected a value`);
    }
  }

  #named(token: Token): Expression {
    const { text, column } = token;
    if (text === "true" || text === "false" || text === "nil") {
      this.#index++;
      return { kind: "literal", value: text === "nil" ? undefined : text === "true", column };
    }
    if (keywords.has(text)) throw new ProblemSignal(column, `unexpected keyword "${text}", expected a value`);
    const next = this.#tokens[this.#index + 1];
    if (next?.kind === "symbol" && next.text === "(") return this.#call(token);
    if (isUpperCase(text)) {
      this.#index++;
      return { kind: "name", name: text, column };
    }
    const segments: Segment[] = [];
    do {
      const name = this.#peek();
      if (name.kind !== "name") {
        throw new ProblemSignal(name.column, `expected a field name behind ".", got ${describe(name)}`);
      }
      this.#index++;
      segments.push({ name: name.text, keys: this.#keys(), column: name.column });
    } while (this.#accept(".") !== undefined);
    return { kind: "path", segments: segments as [Segment, ...Segment[]], column };
  }

  #call({ text: name, column }: Token): Expression {
    this.#index += 2;
    const args: Argument[] = [];
    if (this.#accept(")") === undefined) {
      do args.push(this.#argument());
      while (this.#accept(",") !== undefined);
      this.#expect(")", `behind the arguments of ${name}`);
    }
    return { kind: "call", name, args, keys: this.#keys(), column };
  }

  #argument(): Argument {
    const token = this.#peek();
    const next = this.#tokens[this.#index + 1];
    if (token.kind === "name" && next?.kind === "symbol" && next.text === "=") {
      this.#index += 2;
      return { name: token.text, value: this.#or(), column: token.column };
    }
    return { value: this.#or(), column: token.column };
  }

  #keys(): Expression[] {
    const keys: Expression[] = [];
    for (let at = this.#accept("["); at !== undefined; at = this.#accept("[")) {
      keys.push(this.#or());
      if (keys.length > MAX_DEPTH)
        throw new ProblemSignal(at.column, `a path has at most ${MAX_DEPTH} keys in a row`);
      this.#expect("]", "behind the key");
    }
    return keys;
  }

  #list({ column }: Token): Expression {
    this.#index++;
    const items: Expression[] = [];
    if (this.#accept("]") === undefined) {
      do items.push(this.#or());
      while (this.#accept(",") !== undefined);
      this.#expect("]", "at the end of the list");
    }
    return { kind: "list", items, column };
  }

  #map({ column }: Token): Expression {
    this.#index++;
    const entries: { key: string; value: Expression }[] = [];
    if (this.#accept("}") === undefined) {
      do {
        const key = this.#peek();
        if (key.kind !== "string") {
          throw new ProblemSignal(key.column, `keys of a map are strings, got ${describe(key)}`);
        }
        this.#index++;
        this.#expect(":", "behind the key");
        entries.push({ key: key.text, value: this.#or() });
      } while (this.#accept(",") !== undefined);
      this.#expect("}", "at the end of the map");
    }
    return { kind: "map", entries, column };
  }

  #parenthesised(): Expression {
    this.#index++;
    const inner = this.#or();
    this.#expect(")", "to match the opening one");
    return inner;
  }

  /** `(`, names with commas, `)`, `=>`. */
  #isLambda(): boolean {
    let index = this.#index + 1;
    while (this.#tokens[index]?.kind === "name" || this.#tokens[index]?.text === ",") index++;
    return this.#tokens[index]?.text === ")" && this.#tokens[index + 1]?.text === "=>";
  }

  #lambda({ column }: Token): Expression {
    this.#index++;
    const parameters: string[] = [];
    if (this.#accept(")") === undefined) {
      do {
        const name = this.#peek();
        if (name.kind !== "name" || keywords.has(name.text) || isUpperCase(name.text)) {
          throw new ProblemSignal(name.column, `expected a parameter name, got ${describe(name)}`);
        }
        if (name.text !== "_" && parameters.includes(name.text)) {
          throw new ProblemSignal(name.column, `parameter "${name.text}" is there twice`);
        }
        this.#index++;
        parameters.push(name.text);
      } while (this.#accept(",") !== undefined);
      this.#expect(")", "behind the parameters");
    }
    this.#expect("=>", "behind the parameters");
    return { kind: "lambda", parameters, body: this.#or(), column };
  }

  #peek(): Token {
    return this.#tokens[this.#index] as Token;
  }

  #accept(...texts: readonly string[]): Token | undefined {
    const token = this.#peek();
    if (token.kind !== "symbol" || !texts.includes(token.text)) return undefined;
    this.#index++;
    return token;
  }

  #acceptKeyword(text: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== "name" || token.text !== text) return undefined;
    this.#index++;
    return token;
  }

  #expect(text: string, where: string): void {
    if (this.#accept(text) !== undefined) return;
    const token = this.#peek();
    throw new ProblemSignal(token.column, `expected "${text}" ${where}, got ${describe(token)}`);
  }

  #expectEnd(): void {
    const token = this.#peek();
    if (token.kind === "end") return;
    const hint = token.text === "&&" || token.text === "||" ? "write and / or" : undefined;
    throw new ProblemSignal(token.column, `unexpected ${describe(token)}`, hint);
  }
}

function checkChain(length: number, { column, text }: Token): void {
  if (length <= MAX_CHAIN) return;
  throw new ProblemSignal(column, `expression has more than ${MAX_CHAIN} ${JSON.stringify(text)} in a row`);
}

/** Enums and converters begin with a capital, editors and paths do not. */
export function isUpperCase(name: string): boolean {
  return /^[A-Z]/.test(name);
}

function describe(token: Token): string {
  return token.kind === "end" ? "the end" : JSON.stringify(token.text);
}

function parseInteger({ text, column }: Token): bigint {
  const value = BigInt(text);
  if (value > 2n ** 63n) throw new ProblemSignal(column, `${text} does not fit into 64 bits`);
  return value;
}
