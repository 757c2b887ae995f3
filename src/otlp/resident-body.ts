import type { Column, Presence } from "../metrics/index.ts";
import type { BodyTables } from "./body-tables.ts";
import { type Patches, patchStarts, patchValues } from "./patch-points.ts";

interface ResidentBodyInit {
  readonly presence: Presence;
  readonly hasStart: boolean;
  readonly fixed: boolean;
  readonly buffer: Buffer;
  readonly bytes: Buffer;
  readonly pointCount: number;
  readonly tables: BodyTables;
  readonly patches: Patches;
}

/** An encoded request that is kept for a layout and a presence: only times and values change in it. */
export class ResidentBody {
  readonly presence: Presence;
  readonly hasStart: boolean;
  /** Whether points were written with their values, which a later column cannot be patched into. */
  readonly fixed: boolean;
  /** What `bytes` lies in. */
  readonly buffer: Buffer;
  readonly bytes: Buffer;
  readonly pointCount: number;
  readonly tables: BodyTables;
  /** Somebody reads `bytes`: they must not be written to. */
  leased = false;
  readonly #patches: Patches;
  readonly #view: DataView;
  /** The shared start time that `bytes` have; undefined when unknown. */
  #startNs: bigint | undefined;

  constructor(init: ResidentBodyInit) {
    this.presence = init.presence;
    this.hasStart = init.hasStart;
    this.buffer = init.buffer;
    this.bytes = init.bytes;
    this.pointCount = init.pointCount;
    this.tables = init.tables;
    this.fixed = init.fixed;
    this.#patches = init.patches;
    this.#view = viewOf(init.bytes);
  }

  /** Whether patching is all it takes to make this the body of the column. */
  fits(column: Column): boolean {
    return (
      !this.fixed &&
      column.presence === this.presence &&
      needsStart(column) === this.hasStart &&
      (column.extras === undefined || column.extras.size === 0)
    );
  }

  /** Makes this the body of a column it fits. */
  patch(column: Column): void {
    patchValues(this.#view, this.#patches, column);
    if (this.#patchesStarts(column)) patchStarts(this.#view, this.#patches, column);
    this.#startNs = column.startTimes === undefined ? column.startNs : undefined;
  }

  /** The body of a column it fits, in another buffer. */
  patchInto(buffer: Buffer, column: Column): Buffer {
    const bytes = buffer.subarray(0, this.bytes.length);
    this.bytes.copy(bytes);
    const view = viewOf(bytes);
    patchValues(view, this.#patches, column);
    if (this.#patchesStarts(column)) patchStarts(view, this.#patches, column);
    return bytes;
  }

  #patchesStarts({ startNs, startTimes }: Column): boolean {
    return this.hasStart && (startTimes !== undefined || startNs !== this.#startNs);
  }
}

/** Whether points of the column carry a start time at all. */
export function needsStart({ startNs, startTimes }: Column): boolean {
  return startNs !== 0n || startTimes !== undefined;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
