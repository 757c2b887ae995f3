import { type Component, type Consumer, handOverMethods } from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import type { Batch, Layout } from "../metrics/index.ts";

/**
 * The consumer as it is, behind a guard: what it gets is deep-frozen, and the column, whose typed arrays cannot be
 * frozen, is summed before and after. For tests and `--strict`; costs several passes over the data.
 */
export function checked<Target extends Component & Partial<Consumer>>(target: Target, name: string): Target {
  const consume = target.consume?.bind(target);
  if (consume === undefined) return target;
  const guard: Component & Consumer = {
    start: (host) => target.start?.(host),
    shutdown: (drainMs) => target.shutdown?.(drainMs),
    ...handOverMethods(target),
    async consume(batch) {
      // Asked for as it is: the other face would be made of it, and hide who writes to it.
      if (!batch.isColumnar) deepFreeze(batch.resourceMetrics);
      freezeLayout(batch.layout);
      const before = checksum(batch);
      await consume(batch);
      if (checksum(batch) !== before) {
        throw new CollectorError("FLOW_PERMANENT", `${name} wrote to a batch that it had been handed`);
      }
    },
  };
  return guard as Target;
}

const frozen = new WeakSet<Layout>();

function freezeLayout(layout: Layout): void {
  if (frozen.has(layout)) return;
  frozen.add(layout);
  deepFreeze(layout);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}

/** FNV-1a over the bytes of the column. */
function checksum({ column }: Batch): number {
  const { values } = column;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
