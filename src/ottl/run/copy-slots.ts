import { type Column, type PointExtras, Presence } from "../../metrics/index.ts";

/** Presences with copied slots, kept by the presence they were made of, so that they come again as the same object. */
export type PresenceCopies = WeakMap<Presence, Presence>;

/**
 * A column with more slots, which hold what others hold.
 * @param copies pairs of from and to
 * @param values a buffer of at least `width`
 */
export function copySlots(
  column: Column,
  copies: Uint32Array,
  sourceWidth: number,
  width: number,
  values: Float64Array,
  presences: PresenceCopies,
): Column {
  values.set(column.values.subarray(0, sourceWidth));
  const times = extend(column.times, sourceWidth, width);
  const startTimes = extend(column.startTimes, sourceWidth, width);
  const extras = column.extras === undefined ? undefined : new Map<number, PointExtras>(column.extras);
  for (let i = 0; i < copies.length; i += 2) {
    const from = copies[i] as number;
    const to = copies[i + 1] as number;
    values[to] = values[from] as number;
    if (times !== undefined) times[to] = times[from] as bigint;
    if (startTimes !== undefined) startTimes[to] = startTimes[from] as bigint;
    const more = extras?.get(from);
    if (more !== undefined) extras?.set(to, more);
  }
  let presence = presences.get(column.presence);
  if (presence === undefined) {
    presence = copyPresence(column.presence, copies, sourceWidth, width);
    presences.set(column.presence, presence);
  }
  return column.with({ values, presence, times, startTimes, extras });
}

function extend(
  times: BigUint64Array | undefined,
  sourceWidth: number,
  width: number,
): BigUint64Array | undefined {
  if (times === undefined) return undefined;
  const result = new BigUint64Array(width);
  result.set(times.subarray(0, sourceWidth));
  return result;
}

function copyPresence(
  { states }: Presence,
  copies: Uint32Array,
  sourceWidth: number,
  width: number,
): Presence {
  if (states === undefined) return Presence.ALL;
  const result = new Uint8Array(width);
  result.set(states.subarray(0, sourceWidth));
  for (let i = 0; i < copies.length; i += 2)
    result[copies[i + 1] as number] = result[copies[i] as number] as number;
  return new Presence(result);
}
