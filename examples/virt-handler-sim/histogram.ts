import { formatGoNumber } from "./go-number.ts";
import type { Labels } from "./text-format.ts";
import { sampleLine } from "./text-format.ts";

/** A classic histogram: cumulative buckets, the sum and the count of what was observed. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length).fill(0);
  }

  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** The lines of one series; `le` is printed last, whatever the other labels are called. */
  lines(name: string, labels: Labels): string {
    let text = "";
    let cumulative = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      cumulative += this.#counts[index] ?? 0;
      text += sampleLine(`${name}_bucket`, [...labels, ["le", formatGoNumber(bound)]], cumulative);
    }
    text += sampleLine(`${name}_bucket`, [...labels, ["le", "+Inf"]], this.#count);
    text += sampleLine(`${name}_sum`, labels, this.#sum);
    return text + sampleLine(`${name}_count`, labels, this.#count);
  }
}
