import { isPermanent, PartialError } from "../../component/index.ts";
import type { Batch } from "../../metrics/index.ts";

/** A batch that somebody waits for, and what becomes of its pieces. */
export class Part {
  readonly batch: Batch;
  readonly points: number;
  readonly #settled = Promise.withResolvers<void>();
  #open = 0;
  #lost = 0;
  #failed = 0;
  #pieces = 0;
  #error: unknown;

  constructor(batch: Batch) {
    this.batch = batch;
    this.points = batch.pointCount;
  }

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** The batch will come in so many pieces. */
  split(pieces: number): void {
    this.#pieces = pieces;
    this.#open = pieces;
    if (pieces === 0) this.#settled.resolve();
  }

  /** `lost`: points of a piece that was taken but for them. */
  taken(lost = 0): void {
    this.#lost += lost;
    this.#done();
  }

  failed(points: number, error: unknown): void {
    this.#failed++;
    this.#lost += points;
    // One that may come again outweighs others: a repetition is better than a loss.
    if (this.#error === undefined || (isPermanent(this.#error) && !isPermanent(error))) this.#error = error;
    this.#done();
  }

  #done(): void {
    this.#open--;
    if (this.#open > 0) return;
    const error = this.#error;
    const isWhole = this.#failed === this.#pieces;
    if (this.#failed > 0 && (isWhole || !isPermanent(error))) this.#settled.reject(error);
    else if (this.#lost > 0) {
      this.#settled.reject(
        new PartialError(`${this.#lost} of ${this.points} data points were refused`, this.#lost, {
          cause: error,
        }),
      );
    } else this.#settled.resolve();
  }
}
