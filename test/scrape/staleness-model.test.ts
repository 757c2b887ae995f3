import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RetryableError } from "../../src/component/index.ts";
import { STALE, scrapeTime, startHarness } from "./harness.ts";

/** One sample line: a series by number, plain or with one of a few times of its own. */
interface Line {
  readonly series: number;
  readonly value: number;
  readonly time?: number;
}

interface Step {
  readonly kind: "good" | "broken" | "down";
  readonly lines: readonly Line[];
  /** Where the error is, in lines. */
  readonly errorAfter: number;
  readonly refused: boolean;
}

const SERIES = 6;
const timeOf = (n: number) => scrapeTime(0) - 1000 + n;

/** A series has always or never times of its own: the odd ones have. */
const line = fc.record({
  series: fc.nat(SERIES - 1),
  value: fc.nat(9),
  time: fc.nat(7),
});

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    "good" as const,
    "good" as const,
    "good" as const,
    "broken" as const,
    "down" as const,
  ),
  lines: fc.array(line, { maxLength: 8 }),
  errorAfter: fc.nat(8),
  refused: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

const isTimed = (series: number) => series % 2 === 1;
const textOf = ({ series, value, time }: Line) =>
  `s${series} ${value}${isTimed(series) ? ` ${timeOf(time as number)}` : ""}`;

/** The rules of a Prometheus scrape in the plainest form: sets of names, nothing remembered by position. */
class Model {
  #living = new Set<number>();
  readonly #times = new Map<number, { recent: Set<number>; floor: number }>();

  /** The points that must come out of this step. */
  expect(step: Step): Map<string, unknown> {
    const read =
      step.kind === "down" ? [] : step.lines.slice(0, step.kind === "broken" ? step.errorAfter : Infinity);
    const points = new Map<string, unknown>();
    const living = new Set(this.#living);
    const times = new Map<number, { recent: Set<number>; floor: number }>();
    if (step.kind === "good") {
      for (const { series, value, time } of read) {
        if (!isTimed(series)) {
          const key = `s${series}{}`;
          if (!points.has(key)) points.set(key, value);
          living.add(series);
          continue;
        }
        const known = this.#times.get(series) ?? { recent: new Set(), floor: -1 };
        let now = times.get(series);
        if (now === undefined) {
          now = { recent: new Set(), floor: known.floor };
          times.set(series, now);
        }
        const at = time as number;
        if (!known.recent.has(at) && !now.recent.has(at)) {
          if (at <= known.floor) continue;
          points.set(`s${series}{}@${timeOf(at)}`, value);
        }
        now.recent.add(at);
      }
      for (const [series, now] of times) {
        for (const at of this.#times.get(series)?.recent ?? []) {
          if (!now.recent.has(at)) now.floor = Math.max(now.floor, at);
        }
      }
    }
    for (const series of this.#living) {
      if (read.some((other) => other.series === series)) continue;
      points.set(`s${series}{}`, STALE);
      living.delete(series);
    }
    if (!step.refused) {
      this.#living = living;
      for (const [series, now] of times) this.#times.set(series, now);
    }
    return points;
  }
}

test("whatever comes, goes, breaks and repeats: exactly the points and markers of the model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const cleanups: (() => Promise<void> | void)[] = [];
      try {
        const { serve, scrape, refuse } = await startHarness({ after: (fn) => cleanups.push(fn) });
        const model = new Model();
        for (const current of steps) {
          const lines = current.lines.map(textOf);
          if (current.kind === "broken") lines.splice(current.errorAfter, 0, "s{ 1");
          if (current.kind === "down") serve(undefined);
          else serve(lines.map((text) => `${text}\n`).join(""));
          refuse(current.refused ? new RetryableError("not now") : undefined);
          const { points, report } = await scrape();
          const sorted = (map: ReadonlyMap<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
          assert.deepEqual(sorted(points), sorted(model.expect(current)));
          assert.equal(report["up"], current.kind === "good" ? 1 : 0);
        }
      } finally {
        for (const cleanup of cleanups) await cleanup();
      }
    }),
    { numRuns: 150 },
  );
});
