/**
 * Gives the same result object for equal results of the same source, layout after layout, so that whoever keeps
 * something by identity finds it again when series come and go.
 */
export class Interner<Value extends object> {
  readonly #results = new WeakMap<object, Value[]>();
  readonly #isEqual: (left: Value, right: Value) => boolean;

  constructor(isEqual: (left: Value, right: Value) => boolean) {
    this.#isEqual = isEqual;
  }

  /** A source has as many results as metrics treat it differently: few. */
  intern(source: object, value: Value): Value {
    let known = this.#results.get(source);
    if (known === undefined) {
      known = [];
      this.#results.set(source, known);
    }
    const found = known.find((candidate) => this.#isEqual(candidate, value));
    if (found !== undefined) return found;
    known.push(Object.freeze(value));
    return value;
  }
}
