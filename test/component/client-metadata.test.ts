import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { type ClientMetadata, clientMetadata, metadataKey, systemClock } from "../../src/component/index.ts";

const of = (tenant: string): ClientMetadata => new Map([["x-tenant", [tenant]]]);

test("metadata is there within its run, after any await, and nowhere else", async () => {
  const seen = async () => {
    await setImmediate();
    return clientMetadata.current()?.get("x-tenant");
  };
  assert.equal(clientMetadata.current(), undefined);
  const both = await Promise.all([
    clientMetadata.run(of("a"), seen),
    clientMetadata.run(of("b"), seen),
    seen(),
  ]);
  assert.deepEqual(both, [["a"], ["b"], undefined]);
  const none = clientMetadata.run(of("a"), () => clientMetadata.run(undefined, clientMetadata.current));
  assert.equal(none, undefined);
});

test("a timer of the clock has no metadata, whoever set it", async () => {
  const { promise, resolve } = Promise.withResolvers<ClientMetadata | undefined>();
  clientMetadata.run(of("a"), () => systemClock.schedule(0, () => resolve(clientMetadata.current())));
  assert.equal(await promise, undefined);
});

test("the key is the same for the same metadata only, whatever its order", () => {
  const name = fc.constantFrom("a", "b", "c");
  const entries = fc.uniqueArray(fc.tuple(name, fc.array(fc.string({ maxLength: 2 }), { maxLength: 2 })), {
    selector: ([key]) => key,
  });
  fc.assert(
    fc.property(entries, entries, (left, right) => {
      assert.equal(metadataKey(new Map(left)), metadataKey(new Map(left.toReversed())));
      const byName = (list: typeof left) => JSON.stringify(list.toSorted(([a], [b]) => (a < b ? -1 : 1)));
      assert.equal(
        metadataKey(new Map(left)) === metadataKey(new Map(right)),
        byName(left) === byName(right),
      );
    }),
  );
});
