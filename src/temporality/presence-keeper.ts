import { ABSENT, PRESENT, Presence } from "../metrics/index.ts";

/**
 * Takes points out of a presence. While the result stays the same it hands out the same object, on which encoders keep
 * what they prepared.
 *
 *     keeper.begin(column.presence, layout.width);
 *     keeper.remove(slot);
 *     const presence = keeper.end();
 */
export class PresenceKeeper {
  #input = Presence.ALL;
  #width = 0;
  #scratch = new Uint8Array(0);
  #touched = false;
  /** The last result that differed from its input. */
  #last: Presence | undefined;

  begin(input: Presence, width: number): void {
    this.#input = input;
    this.#width = width;
    this.#touched = false;
  }

  /** Makes the slot absent. */
  remove(slot: number): void {
    if (!this.#touched) this.#copy();
    this.#scratch[slot] = ABSENT;
  }

  end(): Presence {
    if (!this.#touched) return this.#input;
    const states = this.#scratch.subarray(0, this.#width);
    if (this.#last?.states === undefined || Buffer.compare(this.#last.states, states) !== 0) {
      this.#last = new Presence(states.slice());
    }
    return this.#last;
  }

  #copy(): void {
    this.#touched = true;
    if (this.#scratch.length < this.#width) this.#scratch = new Uint8Array(this.#width);
    const { states } = this.#input;
    if (states === undefined) this.#scratch.fill(PRESENT, 0, this.#width);
    else this.#scratch.set(states.subarray(0, this.#width));
  }
}
