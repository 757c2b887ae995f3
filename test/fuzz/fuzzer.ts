import type { FuzzTarget } from "./target.ts";

/** A small generator of random numbers (mulberry32): the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

export interface Failure {
  readonly input: Buffer;
  readonly error: unknown;
}

export interface FuzzReport {
  readonly runs: number;
  /** Inputs whose fate no seed had, the first of each. */
  readonly found: readonly Buffer[];
  readonly failure: Failure | undefined;
}

const MAX_LENGTH = 64 * 1024;
/** Fates of one run that are followed up. */
const MAX_FOUND = 40;
/** Most inputs are a few microseconds of work. */
const MAX_MILLISECONDS = 5000;

/** Runs mutations of a target's inputs until `until` (milliseconds of performance.now), or until one fails. */
export async function fuzz(
  target: FuzzTarget,
  corpus: readonly Buffer[],
  random: Random,
  until: number,
): Promise<FuzzReport> {
  const inputs = [...target.seeds, ...corpus];
  const fates = new Set<string>();
  const found: Buffer[] = [];
  let runs = 0;
  for (const input of inputs) {
    const fate = await runOne(target, input);
    if (typeof fate !== "string") return { runs, found, failure: fate };
    fates.add(fate);
  }
  while (performance.now() < until) {
    const input = mutate(inputs, target.tokens, random);
    runs++;
    const fate = await runOne(target, input);
    if (typeof fate !== "string") return { runs, found, failure: fate };
    if (fates.has(fate) || found.length === MAX_FOUND) continue;
    fates.add(fate);
    found.push(input);
    inputs.push(input);
  }
  return { runs, found, failure: undefined };
}

export async function runOne(target: FuzzTarget, input: Buffer): Promise<string | Failure> {
  const started = performance.now();
  try {
    const fate = await target.run(Buffer.from(input));
    const took = performance.now() - started;
    if (took > MAX_MILLISECONDS) throw new Error(`took ${took.toFixed(0)} ms`);
    return fate;
  } catch (error) {
    return { input, error };
  }
}

function mutate(inputs: readonly Buffer[], tokens: readonly string[], random: Random): Buffer {
  let bytes = Buffer.from(random.pick(inputs));
  for (let steps = 1 + random.below(5); steps > 0; steps--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + random.below(8));
    switch (random.below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random.below(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        bytes = splice(bytes, at, end, Buffer.alloc(0));
        break;
      case 3:
        bytes = splice(bytes, at, at, Buffer.from(random.pick(tokens), "latin1"));
        break;
      case 4:
        bytes = splice(bytes, at, end, Buffer.from(random.pick(tokens), "latin1"));
        break;
      case 5: {
        const other = random.pick(inputs);
        const from = random.below(other.length + 1);
        bytes = splice(bytes, at, end, other.subarray(from, from + random.below(64)));
        break;
      }
      default:
        bytes = splice(bytes, at, at, bytes.subarray(at, at + 1 + random.below(64)));
    }
  }
  return bytes.subarray(0, MAX_LENGTH);
}

function splice(bytes: Buffer, start: number, end: number, insert: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(end)]);
}
