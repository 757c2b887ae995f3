import assert from "node:assert/strict";
import { appendFile, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { StorageError, type StorageOperation } from "../../../src/component/index.ts";
import { errorText } from "../../../src/errors/index.ts";
import type { Logger } from "../../../src/telemetry/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { canLimitFiles, limitFiles } from "../../support/file-limit.ts";
import { contents, logFiles, makeDirectory, openStore, put, remove } from "./support.ts";

function recording(): { logger: Logger; lines: { message: string; fields: Record<string, unknown> }[] } {
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const write = (message: string, fields: Record<string, unknown> = {}) => lines.push({ message, fields });
  return { lines, logger: { ...silentLogger, info: write, warn: write, error: write } };
}

test("what was written is there after a restart", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory);
  await store.batch([put("b", "1"), put("a", "2"), put("é/ü", "3")]);
  await store.batch([put("b", "4"), remove("a"), put("empty", "")]);
  assert.equal(await store.get("a"), undefined);
  const expected = { b: "4", empty: "", "é/ü": "3" };
  assert.deepEqual(await contents(store), expected);
  await store.close();
  const again = await openStore(directory);
  assert.deepEqual(await contents(again), expected);
  await again.close();
});

test("keys come in ascending order", async (t) => {
  const store = await openStore(await makeDirectory(t));
  for (const key of ["10", "9", "1", "a", "B"]) await store.batch([put(key, "x")]);
  assert.deepEqual(await store.keys(), ["1", "10", "9", "B", "a"]);
  await store.close();
});

test("calls that overlap take effect in their order", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory, { fsync: true });
  const settled: number[] = [];
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => store.batch([put("last", String(i))]).then(() => settled.push(i))),
  );
  assert.deepEqual(settled, [...settled.keys()]);
  assert.deepEqual(await contents(store), { last: "199" });
  await store.close();
});

test("a closed store refuses, and finishes what was asked for before", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory);
  const pending = store.batch([put("a", "1")]);
  const closed = store.close();
  await assert.rejects(store.batch([put("b", "2")]), { reason: "closed" });
  await assert.rejects(store.get("a"), { reason: "closed" });
  await assert.rejects(store.keys(), { reason: "closed" });
  await Promise.all([pending, closed, store.close()]);
  const again = await openStore(directory);
  assert.deepEqual(await contents(again), { a: "1" });
  await again.close();
});

test("a drained log takes next to no room", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory, { segmentBytes: 1_000_000 });
  const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
  for (const key of keys) await store.batch([put(key, Buffer.alloc(100_000, key))]);
  assert.ok((await logFiles(directory)).length > 4);
  for (const key of keys) await store.batch([remove(key)]);
  await store.close();
  assert.ok(store.fileBytes < 2_000_000, `${store.fileBytes} bytes`);
  assert.equal((await logFiles(directory)).length, 1);
  assert.equal(store.liveBytes, 0);
});

test("one entry that stays does not keep all that came after it", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory);
  await store.batch([put("stuck", "here")]);
  for (let i = 0; i < 3000; i++) await store.batch([put(`k${i}`, "x".repeat(100)), remove(`k${i - 1}`)]);
  assert.ok(store.fileBytes < 20_000, `${store.fileBytes} bytes for two entries`);
  await store.close();
  const again = await openStore(directory);
  assert.deepEqual(await contents(again), { stuck: "here", k2999: "x".repeat(100) });
  await again.close();
});

test("compaction leaves nothing but what is needed, and others write in between", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory, { segmentBytes: 100_000 });
  for (let i = 0; i < 500; i++) await store.batch([put(`k${i % 50}`, `${i}`.repeat(20))]);
  const before = store.fileBytes;
  const writes = Promise.all(Array.from({ length: 20 }, (_, i) => store.batch([put(`new${i}`, "x")])));
  const compacted = store.compact();
  await writes;
  await compacted;
  assert.ok(store.fileBytes < before / 5, `${store.fileBytes} of ${before}`);
  const expected = await contents(store);
  assert.equal(Object.keys(expected).length, 70);
  await store.close();
  const again = await openStore(directory);
  assert.deepEqual(await contents(again), expected);
  assert.equal(again.liveBytes, store.liveBytes);
  const files = await logFiles(directory);
  await again.compact();
  assert.deepEqual(await logFiles(directory), files, "nothing to gain, nothing done");
  await again.close();
});

test("values can be read while they are moved and their files go", async (t) => {
  const store = await openStore(await makeDirectory(t), { segmentBytes: 20_000 });
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
  for (const key of keys) await store.batch([put(key, key.repeat(100)), put("garbage", "x".repeat(300))]);
  const compacted = store.compact();
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      keys.map(async (key) =>
        assert.equal(Buffer.from((await store.get(key)) ?? "").toString(), key.repeat(100)),
      ),
    );
  }
  await compacted;
  await store.close();
});

const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
const operation: fc.Arbitrary<StorageOperation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("set" as const),
      key,
      value: fc.uint8Array({ maxLength: 700 }),
    }),
  },
  fc.record({ type: fc.constant("delete" as const), key }),
);

/** What a map is after the batches. */
function modelOf(batches: readonly (readonly StorageOperation[])[]): Record<string, string> {
  const model = new Map<string, string>();
  for (const one of batches.flat()) {
    if (one.type === "set") model.set(one.key, Buffer.from(one.value).toString("latin1"));
    else model.delete(one.key);
  }
  return Object.fromEntries([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test("it is a map that survives restarts and compaction, whatever is done to it", async (t) => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.array(operation, { minLength: 1, maxLength: 4 }) },
    fc.constant("reopen" as const),
    fc.constant("compact" as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const directory = await makeDirectory(t);
      const batches: (readonly StorageOperation[])[] = [];
      let store = await openStore(directory, { segmentBytes: 900 });
      for (const one of steps) {
        if (one === "reopen") {
          await store.close();
          store = await openStore(directory, { segmentBytes: 900 });
        } else if (one === "compact") await store.compact();
        else {
          batches.push(one);
          await store.batch(one);
        }
        assert.deepEqual(await contents(store), modelOf(batches));
      }
      await store.close();
      const again = await openStore(directory);
      assert.deepEqual(await contents(again), modelOf(batches));
      assert.equal(again.liveBytes, store.liveBytes);
      await again.close();
    }),
    { numRuns: 60 },
  );
});

test("cut off anywhere, the last file gives the batches that are in it as a whole", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory, { segmentBytes: 1_000_000 });
  const batches: StorageOperation[][] = [];
  const ends: number[] = [];
  for (let i = 0; i < 6; i++) {
    const batch = [put(`k${i}`, "value".repeat(i)), remove(`k${i - 2}`), put("n", String(i))];
    batches.push(batch);
    await store.batch(batch);
    ends.push(store.fileBytes);
  }
  await store.close();
  const path = join(directory, "0000000001.log");
  const whole = await readFile(path);
  for (let size = 0; size <= whole.length; size++) {
    const { logger, lines } = recording();
    await writeFile(path, whole.subarray(0, size));
    const cut = await openStore(directory, { logger });
    const complete = ends.filter((end) => end <= size).length;
    assert.deepEqual(await contents(cut), modelOf(batches.slice(0, complete)), `${size} bytes`);
    await cut.batch([put("after", "x")]);
    await cut.close();
    const again = await openStore(directory);
    assert.equal((await contents(again))["after"], "x");
    await again.close();
    const clean = size === 16 || ends.includes(size);
    assert.equal(lines.length, clean ? 0 : 1);
    if (!clean) assert.match(lines[0]?.message ?? "", /not written completely, it is cut off/);
  }
  assert.deepEqual(await readdir(directory), ["0000000001.log"], "nothing was set aside");
});

test("a tail of zeros, as a power cut leaves it, is cut off", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openStore(directory);
  await store.batch([put("a", "1")]);
  await store.close();
  await appendFile(join(directory, "0000000001.log"), Buffer.alloc(5000));
  const again = await openStore(directory);
  assert.deepEqual(await contents(again), { a: "1" });
  await again.close();
  assert.equal((await stat(join(directory, "0000000001.log"))).size, again.fileBytes);
});

test("random damage never gives wrong data, keeps the rest, and is set aside", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 30 }),
      fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
          bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      async (batches, wounds) => {
        const directory = await makeDirectory(t);
        const store = await openStore(directory);
        for (const batch of batches) await store.batch(batch);
        await store.close();
        const written = new Map<string, Set<string>>();
        for (const one of batches.flat()) {
          if (one.type !== "set") continue;
          const values = written.get(one.key) ?? new Set();
          written.set(one.key, values.add(Buffer.from(one.value).toString("latin1")));
        }
        const files = await logFiles(directory);
        const before = new Map(
          await Promise.all(
            files.map(async (name) => [name, await readFile(join(directory, name))] as const),
          ),
        );
        for (const [i, { at, bytes }] of wounds.entries()) {
          const name = files[i % files.length] as string;
          const content = before.get(name) as Buffer;
          const start = Math.floor(at * content.length);
          const file = await open(join(directory, name), "r+");
          await file.write(bytes, 0, Math.min(bytes.length, content.length - start), start);
          await file.close();
        }
        const damaged = await openStore(directory);
        for (const [found, value] of Object.entries(await contents(damaged))) {
          assert.ok(written.get(found)?.has(value), `${found} was never so`);
        }
        await damaged.batch([put("after", "x")]);
        const expected = await contents(damaged);
        await damaged.close();
        const { logger, lines } = recording();
        const again = await openStore(directory, { logger });
        assert.deepEqual(await contents(again), expected, "the second opening finds what the first one did");
        assert.deepEqual(lines, [], "and has nothing to repair");
        await again.close();
      },
    ),
    { numRuns: 150 },
  );
});

async function damagedStore(t: TestContext, damage: (bytes: Buffer) => void) {
  const directory = await makeDirectory(t);
  const store = await openStore(directory, { segmentBytes: 1_000_000 });
  for (let i = 0; i < 10; i++) await store.batch([put(`k${i}`, `value ${i}`)]);
  await store.close();
  const path = join(directory, "0000000001.log");
  const bytes = await readFile(path);
  damage(bytes);
  await writeFile(path, bytes);
  return { directory, path };
}

test("a damaged file is set aside under another name; everything that can be read is kept", async (t) => {
  const { directory, path } = await damagedStore(t, (bytes) => {
    bytes[bytes.indexOf("value 3")] = 0;
  });
  const wounded = await readFile(path);
  const { logger, lines } = recording();
  const places: number[] = [];
  const store = await openStore(directory, { logger, onDamage: (count) => places.push(count) });
  assert.deepEqual(await store.keys(), ["k0", "k1", "k2", "k4", "k5", "k6", "k7", "k8", "k9"]);
  assert.equal(Buffer.from((await store.get("k9")) ?? "").toString(), "value 9");
  await store.close();
  assert.deepEqual(places, [1]);
  const aside = `${path}.damaged-2026-01-02T03-04-05-000Z`;
  assert.deepEqual(lines, [
    {
      message: "A storage file is damaged. It was set aside, what can be read of it is kept.",
      fields: {
        path,
        set_aside: aside,
        readable_records: 9,
        damaged_places: 1,
        damaged_bytes: 32,
      },
    },
  ]);
  assert.deepEqual(await readFile(aside), wounded);
});

test("a damaged head does not hide what follows", async (t) => {
  const { directory } = await damagedStore(t, (bytes) => bytes.fill(0xff, 0, 12));
  const store = await openStore(directory);
  assert.equal((await store.keys()).length, 10);
  await store.close();
});

test("damage in the last record is damage, not an unfinished write", async (t) => {
  const { directory } = await damagedStore(t, (bytes) => bytes.fill(0x20, bytes.length - 1));
  const store = await openStore(directory);
  assert.equal((await store.keys()).length, 9);
  await store.close();
  assert.ok((await readdir(directory)).some((name) => name.includes("damaged")));
});

test("a crash while a file is set aside loses nothing", async (t) => {
  const { directory, path } = await damagedStore(t, () => {});
  await rename(path, `${path}.rescued`);
  const store = await openStore(directory);
  assert.equal((await store.keys()).length, 10);
  await store.close();
  // Before the first rename the old file counts.
  await writeFile(`${path}.rescued`, "half");
  const again = await openStore(directory);
  assert.equal((await again.keys()).length, 10);
  await again.close();
  assert.deepEqual(await readdir(directory), ["0000000001.log"]);
});

test("a file of a later version is refused, and stays as it is", async (t) => {
  const { directory, path } = await damagedStore(t, (bytes) => {
    bytes.writeUInt32LE(7, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  });
  const before = await readFile(path);
  await assert.rejects(openStore(directory), (error) => {
    assert.ok(error instanceof StorageError);
    assert.match(
      error.message,
      /0000000001\.log has format version 7, written by a later release; this one reads up to version 1$/,
    );
    return true;
  });
  assert.deepEqual(await readFile(path), before);
});

/** A store whose file cannot grow by more than `bytes` from now on; the limit ends with the test. */
async function storeWithoutRoom(t: TestContext, bytes: number) {
  const directory = await makeDirectory(t);
  const errors: (string | undefined)[] = [];
  const options = {
    segmentBytes: 1_000_000,
    onWrite: (error: StorageError | undefined) => errors.push(error?.reason),
  };
  const store = await openStore(directory, options);
  for (const key of ["a", "b", "c"]) await store.batch([put(key, key.repeat(1000))]);
  limitFiles(process.pid, store.fileBytes + bytes);
  t.after(() => limitFiles(process.pid, undefined));
  return { directory, store, errors };
}

/** What the next opening finds, and says. */
async function reopened(directory: string) {
  const { logger, lines } = recording();
  const store = await openStore(directory, { logger });
  const keys = await store.keys();
  await store.close();
  return { keys, lines };
}

test("a write that fails halfway leaves nothing behind, neither of itself nor of what it was written with", async (t) => {
  if (!canLimitFiles()) return t.skip("takes prlimit");
  const { directory, store, errors } = await storeWithoutRoom(t, 5000);
  const results = await Promise.allSettled([
    store.batch([put("small", "x")]),
    store.batch([put("large", Buffer.alloc(50_000))]),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await store.batch([put("fits", "x")]);
  assert.deepEqual(errors.slice(3), ["full", undefined]);
  await assert.rejects(store.batch([put("large", Buffer.alloc(50_000))]), { reason: "full" });
  await store.close();
  assert.deepEqual(await reopened(directory), { keys: ["a", "b", "c", "fits"], lines: [] });
});

test("a deletion that cannot be written takes effect, and is written when there is room", async (t) => {
  if (!canLimitFiles()) return t.skip("takes prlimit");
  const { directory, store, errors } = await storeWithoutRoom(t, 0);
  await store.batch([remove("a")]);
  await store.batch([remove("b"), remove("unknown")]);
  assert.deepEqual(await store.keys(), ["c"]);
  await assert.rejects(store.batch([put("d", "x"), remove("c")]), { reason: "full" });
  assert.deepEqual(await store.keys(), ["c"], "all of a batch or nothing");
  assert.deepEqual(errors.slice(3), ["full", "full", "full"]);
  limitFiles(process.pid, undefined);
  await store.batch([put("e", "x")]);
  await store.close();
  assert.deepEqual(await reopened(directory), { keys: ["c", "e"], lines: [] });
});

test("a deletion that could not be written is written at the end at the latest", async (t) => {
  if (!canLimitFiles()) return t.skip("takes prlimit");
  const { directory, store } = await storeWithoutRoom(t, 0);
  await store.batch([remove("b")]);
  limitFiles(process.pid, undefined);
  await store.close();
  assert.deepEqual(await reopened(directory), { keys: ["a", "c"], lines: [] });
});

test("when everything is deleted there is room again, even if no deletion could be written", async (t) => {
  if (!canLimitFiles()) return t.skip("takes prlimit");
  const { directory, store } = await storeWithoutRoom(t, 0);
  for (const key of ["a", "b", "c"]) await store.batch([remove(key)]);
  await store.batch([put("d", "x".repeat(2000))]);
  await store.close();
  assert.deepEqual(await reopened(directory), { keys: ["d"], lines: [] });
});

test("a file that is removed under it takes no more, and gives what it has", async (t) => {
  if (process.platform === "win32") return t.skip("open files cannot be removed there");
  const directory = await makeDirectory(t);
  let now = 0;
  const errors: unknown[] = [];
  const onWrite = (error: unknown) => void errors.push(error);
  const store = await openStore(directory, { segmentBytes: 100_000, now: () => now, onWrite });
  await store.batch([put("a", "1")]);
  await rm(directory, { recursive: true });
  now += 60_000;
  for (let i = 0; i < 2; i++) {
    await assert.rejects(store.batch([put("b", "2")]), (error) => {
      assert.match(errorText(error), /cannot write to .*: ENOENT/);
      return true;
    });
  }
  assert.deepEqual(await contents(store), { a: "1" });
  await store.batch([remove("a")]);
  await assert.rejects(store.batch([put("b", "2")]), { reason: "io" });
  assert.equal(errors.filter((error) => error === undefined).length, 1);
  await store.close();
});

test("damage after the start is noticed when the value is read", async (t) => {
  const { directory, path } = await damagedStore(t, () => {});
  const store = await openStore(directory);
  const bytes = await readFile(path);
  bytes[bytes.indexOf("value 3")] = 0;
  await writeFile(path, bytes);
  await assert.rejects(store.get("k3"), { reason: "corrupt", message: /the value of "k3" in .* is damaged/ });
  assert.equal(Buffer.from((await store.get("k4")) ?? "").toString(), "value 4");
  await truncate(path, 0);
  await assert.rejects(store.get("k4"), { reason: "corrupt" });
  await store.close();
});
