const BILLION = 1_000_000_000n;
const MAX_NS = 2n ** 64n;

/**
 * Start times by slot, as bodies give them again and again. What is handed out is a new array when anything changed and
 * the old one otherwise; it is never written to.
 */
export class StartTimes {
  #seconds = new Float64Array(0);
  #nanos = new Float64Array(0);
  /** By slot: the body that had it last. */
  #bodies = new Float64Array(0);
  #body = 0;
  #count = 0;
  #changed = false;
  /** A body that fails is not finished: what it brought counts as a change of the next one. */
  #open = false;
  #lastCount = 0;
  #times: BigUint64Array | undefined;

  /** Begins a body. */
  begin(): void {
    this.#changed = this.#open;
    this.#open = true;
    this.#lastCount = this.#count;
    this.#count = 0;
    this.#body++;
  }

  put(slot: number, seconds: number, nanos: number): void {
    if (slot >= this.#seconds.length) this.#grow(slot + 1);
    if (this.#bodies[slot] === this.#body) return;
    if (
      this.#bodies[slot] !== this.#body - 1 ||
      this.#seconds[slot] !== seconds ||
      this.#nanos[slot] !== nanos
    ) {
      this.#changed = true;
      this.#seconds[slot] = seconds;
      this.#nanos[slot] = nanos;
    }
    this.#bodies[slot] = this.#body;
    this.#count++;
  }

  /** Those of the body that has ended, nanoseconds since the epoch by slot; undefined when it had none. */
  finish(slots: number): BigUint64Array | undefined {
    this.#open = false;
    if (this.#count === 0) {
      this.#times = undefined;
      return undefined;
    }
    const stale = this.#times === undefined || this.#times.length < slots;
    if (!stale && !this.#changed && this.#count === this.#lastCount) return this.#times;
    const times = new BigUint64Array(Math.ceil(slots * 1.25));
    for (let slot = 0; slot < this.#seconds.length; slot++) {
      if (this.#bodies[slot] === this.#body) {
        times[slot] = toNs(this.#seconds[slot]!, this.#nanos[slot]!);
      }
    }
    this.#times = times;
    return times;
  }

  #grow(slots: number): void {
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(slots)));
    this.#seconds = grown(this.#seconds, capacity);
    this.#nanos = grown(this.#nanos, capacity);
    this.#bodies = grown(this.#bodies, capacity);
  }
}

/** 0, "unknown", for what OTLP cannot write. */
function toNs(seconds: number, nanos: number): bigint {
  if (!Number.isSafeInteger(seconds)) return 0n;
  const ns = BigInt(seconds) * BILLION + BigInt(nanos);
  return ns > 0n && ns < MAX_NS ? ns : 0n;
}

function grown(array: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(array);
  return larger;
}
