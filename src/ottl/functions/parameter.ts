import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import type { FunctionEffects } from "../context/effects.ts";
import { EvaluationError } from "../ottl-error.ts";
import { parseFloatText } from "../values/numbers.ts";
import { toText } from "../values/text.ts";
import type { Duration, Instant } from "../values/time.ts";
import { type MapValue, typeOf, type ValueType } from "../values/value-type.ts";

export type Evaluate<T = unknown> = (frame: Frame) => T;

/** An argument that is evaluated for each item; `constant` is set where the statement spells the value out. */
export interface Arg<T> {
  readonly get: Evaluate<T>;
  readonly constant: { readonly value: T } | undefined;
}

/** Something an editor writes to. Raw values are as attributes hold them, the others as statements see them. */
export interface Target {
  /** As in messages: `datapoint.attributes["a"]`. */
  readonly text: string;
  readonly type: ValueType;
  readonly get: Evaluate;
  /** @throws EvaluationError when the value has the wrong type */
  readonly set: (frame: Frame, value: unknown) => void;
  readonly getRaw: Evaluate;
  readonly setRaw: (frame: Frame, raw: unknown) => void;
  readonly toRaw: (value: unknown) => unknown;
}

export type Lambda = (frame: Frame, ...args: readonly unknown[]) => unknown;
/** A converter of one string handed over by its name. */
export type TextFunction = (frame: Frame, text: string) => string;

interface BaseParameter<T> {
  readonly optional: boolean;
  /** Carries the type of the argument; never set. */
  readonly result?: T;
}

export interface ValueParameter<T> extends BaseParameter<Arg<T>> {
  readonly form: "value";
  /** Types that are taken; `any` takes all. */
  readonly types: readonly ValueType[];
  /** As in messages: "a string". */
  readonly expected: string;
  /** Makes the value of what was taken. Throws EvaluationError. */
  readonly convert: (value: unknown) => T;
}

export interface LiteralParameter<T> extends BaseParameter<T> {
  readonly form: "literal";
  readonly value: ValueParameter<T>;
}

export interface TargetParameter extends BaseParameter<Target> {
  readonly form: "target";
  readonly types: readonly ValueType[];
  readonly expected: string;
}

export interface LambdaParameter extends BaseParameter<Lambda> {
  readonly form: "lambda";
  readonly arity: number;
}

export interface FunctionParameter extends BaseParameter<TextFunction> {
  readonly form: "function";
}

export type Parameter<T = unknown> =
  | ValueParameter<T>
  | LiteralParameter<T>
  | TargetParameter
  | LambdaParameter
  | FunctionParameter;

type Given<P> = P extends { readonly result?: infer T } ? NonNullable<T> : never;

/** What `build` gets for declared parameters. */
export type Args<Parameters> = {
  readonly [K in keyof Parameters]: Parameters[K] extends { readonly optional: true }
    ? Given<Parameters[K]> | undefined
    : Given<Parameters[K]>;
};

type Required<P> = P & { readonly optional: false };

function value<T>(
  expected: string,
  types: readonly ValueType[],
  convert: (value: unknown) => T,
): Required<ValueParameter<T>> {
  return { form: "value", optional: false, expected, types, convert };
}

/** The type was checked before. */
const asIs = <T>(input: unknown) => input as T;

export const any = () => value<unknown>("a value", ["any"], (input) => input);
export const string = () => value<string>("a string", ["string"], asIs);
export const int = () => value<bigint>("an int", ["int"], asIs);
export const float = () => value<number>("a float", ["float"], asIs);
export const bool = () => value<boolean>("a bool", ["bool"], asIs);
export const map = () => value<MapValue>("a map", ["map"], asIs);
export const list = () => value<readonly unknown[]>("a list", ["list"], asIs);
export const time = () => value<Instant>("a time", ["time"], asIs);
export const durationValue = () => value<Duration>("a duration", ["duration"], asIs);
export const listOrMap = () => value<readonly unknown[] | MapValue>("a list or a map", ["list", "map"], asIs);
export const stringOrBytes = () => value<string | Uint8Array>("a string or bytes", ["string", "bytes"], asIs);
export const stringOrInt = () => value<string | bigint>("a string or an int", ["string", "int"], asIs);
export const stringOrList = () =>
  value<string | readonly unknown[]>("a string or a list", ["string", "list"], asIs);

/** Anything but nil becomes text; nil stays undefined. */
export const stringLike = () => value<string | undefined>("a value", ["any"], toText);

export const floatLike = () =>
  value<number | undefined>("a number", ["float", "int", "string", "bool", "nil"], (input) => {
    if (typeof input === "string")
      return parseFloatText(input) ?? fail(`${JSON.stringify(input)} is no number`);
    return input === undefined ? undefined : Number(input);
  });

export const strings = () =>
  value<readonly string[]>("a list of strings", ["list"], (input) => {
    const wrong = (input as readonly unknown[]).find((item) => typeof item !== "string");
    return wrong === undefined
      ? (input as string[])
      : fail(`expected a list of strings, found ${typeOf(wrong)} in it`);
  });

export const floats = () =>
  value<readonly number[]>("a list of numbers", ["list"], (input) =>
    (input as readonly unknown[]).map((item) => {
      const type = typeOf(item);
      return type === "float" || type === "int"
        ? Number(item)
        : fail(`expected a list of numbers, found ${type} in it`);
    }),
  );

/** Spelled out in the statement, so that it can be checked when the statement is loaded. */
export function literal<T>(inner: ValueParameter<T>): Required<LiteralParameter<T>> {
  return { form: "literal", optional: false, value: inner };
}

export function optional<P extends Parameter<never> | Parameter<unknown>>(
  parameter: P,
): Omit<P, "optional"> & { readonly optional: true } {
  return { ...parameter, optional: true };
}

export const target = (): Required<TargetParameter> => ({
  form: "target",
  optional: false,
  types: ["any"],
  expected: "a path",
});
export const mapTarget = (): Required<TargetParameter> => ({
  form: "target",
  optional: false,
  types: ["map"],
  expected: "a path to a map",
});
export const lambda = (arity: number): Required<LambdaParameter> => ({
  form: "lambda",
  optional: false,
  arity,
});
export const textFunction = (): Required<FunctionParameter> => ({ form: "function", optional: false });

function fail(message: string): never {
  throw new EvaluationError(message);
}

export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Parameter<never> | Parameter<unknown>>>;
  readonly returns: ValueType;
  readonly effects?: FunctionEffects;
  /** Where it can be used; everywhere by default. */
  readonly contexts?: readonly ContextName[];
  /**
   * Called once for each place where a statement calls it.
   * @throws Error for arguments that are wrong in themselves; the message becomes the statement's problem
   */
  // biome-ignore lint/suspicious/noExplicitAny: each definition knows the type of its own arguments
  readonly build: (args: any) => Evaluate;
}

type Declared<P> = Omit<FunctionDefinition, "parameters" | "build"> & {
  readonly parameters: P;
  readonly build: (args: Args<P>) => Evaluate;
};

export function defineFunction<P extends FunctionDefinition["parameters"]>(
  definition: Declared<P>,
): FunctionDefinition {
  return definition;
}

type Values<P> = {
  readonly [K in keyof P]: P[K] extends ValueParameter<infer T>
    ? P[K] extends { readonly optional: true }
      ? T | undefined
      : T
    : P[K] extends { readonly form: "value"; readonly convert: (input: unknown) => infer T }
      ? T | undefined
      : never;
};

/** A converter that is a function of the values of its arguments. */
export function defineConverter<P extends Readonly<Record<string, { readonly form: "value" }>>>(
  name: string,
  parameters: P,
  returns: ValueType,
  compute: (values: Values<P>) => unknown,
): FunctionDefinition {
  return {
    name,
    parameters: parameters as unknown as FunctionDefinition["parameters"],
    returns,
    build(args: Readonly<Record<string, Arg<unknown> | undefined>>) {
      const entries = Object.entries(args).filter(
        (entry): entry is [string, Arg<unknown>] => entry[1] !== undefined,
      );
      const [first] = entries;
      if (entries.length === 1 && first !== undefined) {
        const [key, { get }] = first;
        return (frame) => compute({ [key]: get(frame) } as Values<P>);
      }
      return (frame) => {
        const values: Record<string, unknown> = {};
        for (const [key, { get }] of entries) values[key] = get(frame);
        return compute(values as Values<P>);
      };
    },
  };
}
