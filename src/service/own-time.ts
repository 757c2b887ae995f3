/**
 * The time that a component works on what it takes, without that of the components it hands on to. Where calls overlap,
 * each is given the time in which any of them is in the component's own hands.
 */
export class OwnTime {
  readonly #now: () => number;
  #inside = 0;
  #below = 0;
  #since = 0;
  #total = 0;

  /** @param now milliseconds that never jump */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins a call of the component; the returned function ends it and gives its own milliseconds. */
  enter(): () => number {
    const before = this.#move(1, 0);
    return () => this.#move(-1, 0) - before;
  }

  /** Begins a call of what is below; the returned function ends it. */
  leave(): () => void {
    this.#move(0, 1);
    return () => {
      this.#move(0, -1);
    };
  }

  #move(inside: number, below: number): number {
    const now = this.#now();
    // What a timer hands on is below without anybody inside.
    if (this.#inside > this.#below) this.#total += now - this.#since;
    this.#since = now;
    this.#inside += inside;
    this.#below += below;
    return this.#total;
  }
}
