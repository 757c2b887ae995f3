import { type Attributes, memoise } from "../metrics/index.ts";

/** A text that is equal for equal attributes, in whatever order they are; computed once for each attributes object. */
export const seriesKey: (attributes: Attributes) => string = memoise((attributes: Attributes) => {
  let key = "";
  for (const name of Object.keys(attributes).sort()) {
    const value = attributes[name];
    // A string apart from other types: "1" is not 1. Names and strings are quoted, so no value can pose as two.
    key += `${JSON.stringify(name)}:${typeof value === "string" ? JSON.stringify(value) : other(value)},`;
  }
  return key;
});

function other(value: unknown): string {
  return `${typeof value} ${JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `bigint ${inner}` : inner))}`;
}
