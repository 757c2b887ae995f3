/** In bytes. */
export interface Measurement {
  /** Resident memory of the process, what the allocators have not given back included. */
  readonly resident: number;
  /** What is in use or has not been collected yet: the JavaScript heap, buffers outside it, and the program itself. */
  readonly live: number;
}

/** How much memory counts at most, as a multiple of what is in use. */
const MAX_NEED = 2;

/**
 * Tells how much memory a process needs from how much it has. Allocators keep what they were given back and use it
 * again before they ask for more, so resident memory may stay for good where it once was. Hence what counts is what is
 * in use and an overhead, which is learnt: resident memory that grows beyond its highest adds to it, and a measurement
 * without garbage shows how small it can be.
 */
export class Footprint {
  #overhead: number;
  #highest: number;

  constructor({ resident, live }: Measurement) {
    this.#overhead = Math.max(0, resident - live);
    this.#highest = resident;
  }

  /** Takes the measurement in. Returns whether resident memory has never been so high. */
  grow({ resident }: Measurement): boolean {
    const growth = resident - this.#highest;
    if (growth <= 0) return false;
    this.#overhead += growth;
    this.#highest = resident;
    return true;
  }

  /** To be told what a collection has left. */
  learn({ resident, live }: Measurement): void {
    if (live <= resident) this.#overhead = Math.min(this.#overhead, resident - live);
  }

  /** Bytes that count: no more than are resident, since buffers that nobody has written to take no memory yet. */
  needed({ resident, live }: Measurement): number {
    return Math.min(resident, live + this.#overhead, live * MAX_NEED);
  }
}
