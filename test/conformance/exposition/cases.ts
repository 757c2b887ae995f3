import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ExpositionError,
  type ExpositionFormat,
  type InspectedSample,
  inspectBody,
  SeriesTable,
} from "../../../src/exposition/index.ts";

/** A sample as text, for comparing: `name{a=b} value @timestamp_ms #exemplar`. */
export type Shown = string;

/** A rule with a body that follows it, and what is in it. */
export type Accepted = readonly [rule: string, body: string | Buffer, samples: readonly Shown[]];

/** A rule with a body that breaks it, where, and how the message begins. */
export type Refused = readonly [rule: string, body: string | Buffer, place: string | number, message: RegExp];

/** Every case is read by the one-shot reader, by a series table that knows nothing, and by one that knows the body. */
export function conformance(
  format: ExpositionFormat,
  { accepted, refused }: { readonly accepted: readonly Accepted[]; readonly refused: readonly Refused[] },
): void {
  describe("is accepted", () => {
    for (const [rule, body, samples] of accepted) {
      test(rule, () => {
        const bytes = Buffer.from(body as string);
        const inspected = inspectBody(bytes, format).families.flatMap((family) => family.samples.map(show));
        assert.deepEqual(inspected, samples);
        const table = new SeriesTable({}, undefined, { native: true, classicToo: true });
        for (const state of ["cold", "warm"]) {
          const { samples: count } = table.parse(bytes, bytes.length, undefined, format);
          assert.equal(count, samples.length, state);
        }
      });
    }
  });

  describe("is refused", () => {
    for (const [rule, body, place, message] of refused) {
      test(rule, () => {
        const bytes = Buffer.from(body as string);
        const table = new SeriesTable({}, undefined, { native: true, classicToo: true });
        for (const read of [
          () => inspectBody(bytes, format),
          () => table.parse(bytes, bytes.length, undefined, format),
          () => table.parse(bytes, bytes.length, undefined, format),
        ]) {
          assert.throws(read, (error) => {
            assert.ok(error instanceof ExpositionError, String(error));
            const { line, column, offset } = error;
            assert.equal(offset ?? `${line}:${column}`, place, error.message);
            assert.match(error.message, message);
            return true;
          });
        }
      });
    }
  });
}

function show({ name, labels, value, timestampMs, exemplars = [] }: InspectedSample): Shown {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${text}`);
  const block = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  const stamp = timestampMs === undefined ? "" : ` @${timestampMs}`;
  const shown = exemplars.map((exemplar) => {
    const own = Object.entries(exemplar.labels).map(([label, text]) => `${label}=${text}`);
    return ` #{${own.join(",")}} ${exemplar.value}${exemplar.timestampMs === undefined ? "" : ` @${exemplar.timestampMs}`}`;
  });
  return `${name}${block} ${value}${stamp}${shown.join("")}`;
}
