import type { Random } from "./random.ts";
import type { Labels } from "./text-format.ts";
import { sortLabels } from "./text-format.ts";
import type { Vm } from "./vm.ts";

/** One reading of a migration's progress, in bytes and bytes per second. */
export interface MigrationPoint {
  /** Milliseconds since 1970: printed with the sample. */
  readonly time: number;
  readonly total: number;
  readonly processed: number;
  readonly remaining: number;
  readonly dirtyRate: number;
  readonly transferRate: number;
}

const POLL_MS = 5000;
const RING_SIZE = 10;

/**
 * A live migration away from this node, polled every five seconds into a ring of ten readings.
 * A scrape prints the whole ring and clears nothing (upstream means to, but the call does nothing), so a reading
 * comes back in every scrape until ten newer ones have pushed it out.
 */
export class Migration {
  readonly vm: Vm;
  readonly labels: Labels;
  readonly #total: number;
  #ring: MigrationPoint[] = [];
  #processed = 0;
  #transferRate = 0;
  #nextPoll: number;

  constructor(vm: Vm, time: number) {
    this.vm = vm;
    this.labels = sortLabels([
      ["namespace", vm.namespace],
      ["name", vm.name],
      ["node", vm.node],
    ]);
    this.#total = vm.memoryBytes + 1_056_768;
    this.#nextPoll = time;
    this.#poll(time);
  }

  get points(): readonly MigrationPoint[] {
    return this.#ring;
  }

  get completed(): boolean {
    return this.#processed >= this.#total;
  }

  /** Copies memory until `time`; a migration takes about a minute, whatever the size of the guest. */
  advance(time: number, seconds: number, random: Random): void {
    this.#transferRate = Math.round((this.#total / 60) * random.between(0.7, 1.3));
    this.#processed = Math.min(this.#total, this.#processed + Math.round(this.#transferRate * seconds));
    if (time >= this.#nextPoll || this.completed) this.#poll(time);
  }

  /** virt-handler keeps the readings in memory only. */
  forget(): void {
    this.#ring = [];
  }

  #poll(time: number): void {
    this.#nextPoll += POLL_MS;
    this.#ring = [
      ...this.#ring.slice(1 - RING_SIZE),
      {
        time,
        total: this.#total,
        processed: this.#processed,
        remaining: this.#total - this.#processed,
        dirtyRate: this.vm.dirtyBytesPerSecond,
        transferRate: this.#transferRate,
      },
    ];
  }
}
