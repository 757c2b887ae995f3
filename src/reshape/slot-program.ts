import {
  ABSENT,
  type Column,
  type ColumnBuffers,
  type PointExtras,
  PRESENT,
  Presence,
  STALE,
} from "../metrics/index.ts";

/** One step over a column: everything is by slot. Steps run in order, each over what those before have left. */
export interface SlotOperation {
  /** `states` undefined: everything is present. They are final: those of slots that later steps make are there already. */
  values(values: Float64Array, states: Uint8Array | undefined): void;
  /** States of the slots that the step makes. Asked for once for each presence, also where everything is present. */
  states?(states: Uint8Array): void;
  /** Times, or start times, of the slots that the step makes; 0 stands for `shared`. */
  times?(times: BigUint64Array, shared: bigint, states: Uint8Array | undefined, which: "end" | "start"): void;
  /** Only called where a column has extras. */
  extras?(extras: Map<number, PointExtras>, values: Float64Array, states: Uint8Array | undefined): void;
}

/**
 * What a step does to the values of one layout, worked out once: the slots of the source are copied into a reused
 * buffer that has room for more, then operations change them in place and fill the new ones.
 */
export class SlotProgram {
  readonly #sourceWidth: number;
  readonly #width: number;
  readonly #operations: readonly SlotOperation[];
  readonly #buffers: ColumnBuffers;
  /** The same object for the same presence, for the sake of whoever keeps something by it. */
  readonly #presences = new WeakMap<Presence, Presence>();

  constructor(options: {
    readonly sourceWidth: number;
    readonly width: number;
    readonly operations: readonly SlotOperation[];
    readonly buffers: ColumnBuffers;
  }) {
    this.#sourceWidth = options.sourceWidth;
    this.#width = options.width;
    this.#operations = options.operations;
    this.#buffers = options.buffers;
  }

  run(column: Column): Column {
    const presence = this.#presence(column.presence);
    const { states } = presence;
    const values = this.#buffers.takeValues(this.#width);
    values.set(column.values.subarray(0, this.#sourceWidth));
    for (const operation of this.#operations) operation.values(values, states);
    const extras = column.extras && new Map(column.extras);
    if (extras !== undefined) {
      for (const operation of this.#operations) operation.extras?.(extras, values, states);
    }
    return column.with({
      values,
      presence,
      times: this.#times(column.times, column.timeNs, states, "end"),
      startTimes: this.#times(column.startTimes, column.startNs, states, "start"),
      extras,
    });
  }

  /** Takes the buffer back once the result has been consumed, unless somebody keeps it. */
  release(result: Column): void {
    if (!result.retained) this.#buffers.recycle(result.values);
  }

  #times(
    source: BigUint64Array | undefined,
    shared: bigint,
    states: Uint8Array | undefined,
    which: "end" | "start",
  ): BigUint64Array | undefined {
    if (source === undefined) return undefined;
    const times = new BigUint64Array(this.#width);
    times.set(source.subarray(0, this.#sourceWidth));
    for (const operation of this.#operations) operation.times?.(times, shared, states, which);
    return times;
  }

  #presence(source: Presence): Presence {
    let result = this.#presences.get(source);
    if (result === undefined) {
      const { states } = source;
      const copy = new Uint8Array(this.#width).fill(PRESENT);
      if (states !== undefined) {
        // Beyond its end everything is absent, as `Presence.at` has it.
        copy.fill(ABSENT, 0, this.#sourceWidth);
        copy.set(states.subarray(0, this.#sourceWidth));
      }
      for (const operation of this.#operations) operation.states?.(copy);
      const isSame = states === undefined && !copy.includes(ABSENT) && !copy.includes(STALE);
      result = isSame ? source : new Presence(copy);
      this.#presences.set(source, result);
    }
    return result;
  }
}
