import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { z } from "zod";
import { findStorage, type Host, type StorageExtension, systemClock } from "../../../src/component/index.ts";
import { errorText } from "../../../src/errors/index.ts";
import { FileStorageExtension } from "../../../src/extensions/file-storage/file-storage-extension.ts";
import definition from "../../../src/extensions/file-storage/index.ts";
import { storeName } from "../../../src/extensions/file-storage/store-name.ts";
import { harness } from "../../delivery/harness.ts";
import { remount, smallDisk } from "../../support/small-disk.ts";
import { makeDirectory, put, remove } from "./support.ts";

type Config = z.input<typeof definition.config>;

const host: Host = { extension: () => undefined };

function extensionFor(t: TestContext, config: Config) {
  const h = harness("file_storage");
  const extension = new FileStorageExtension({
    ...h.settings,
    clock: systemClock,
    config: definition.config.parse(config),
  });
  t.after(() => extension.shutdown());
  return { ...h, extension };
}

async function started(t: TestContext, config: Config) {
  const one = extensionFor(t, config);
  await one.extension.start();
  return one;
}

test("each component has a store of its own, and finds it again", async (t) => {
  const directory = await makeDirectory(t);
  const { extension } = await started(t, { directory });
  const first = await extension.client("exporter", "otlp_http", "metrics");
  const second = await extension.client("exporter", "otlp_http/backup", "metrics");
  await first.batch([put("a", "1")]);
  await second.batch([put("a", "2")]);
  await first.close();
  await extension.shutdown();
  await assert.rejects(second.get("a"), { reason: "closed" });

  const { extension: next } = await started(t, { directory });
  const again = await next.client("exporter", "otlp_http", "metrics");
  assert.deepEqual(Buffer.from((await again.get("a")) ?? "").toString(), "1");
  await assert.rejects(next.client("exporter", "otlp_http", "metrics"), /is open already/);
  await again.close();
  await (await next.client("exporter", "otlp_http", "metrics")).close();
});

test("folders are different for different owners, on any file system", () => {
  const names = [
    ["exporter", "otlp_http", "metrics"],
    ["exporter", "otlp_http/a", "metrics"],
    ["exporter", "otlp_http/A", "metrics"],
    ["exporter", "otlp_http/a.metrics", ""],
    ["exporter", "otlp_http/..", "metrics"],
    ["exporter", `otlp_http/${"ä".repeat(900)}`, "metrics"],
    ["exporter", `otlp_http/${"ä".repeat(901)}`, "metrics"],
  ].map(([kind = "", id = "", name = ""]) => storeName(kind, id, name));
  assert.equal(names[0], "exporter.otlp_http.metrics");
  assert.equal(names[2], "exporter.otlp_http~002F~0041.metrics");
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length);
  for (const name of names) assert.match(name, /^[\w.~-]{1,200}$/);
});

test("the directory must exist, unless it is to be made", async (t) => {
  const parent = await makeDirectory(t);
  const directory = join(parent, "a", "b");
  await assert.rejects(started(t, { directory }), (error) => {
    assert.match(errorText(error), /storage directory .* cannot be used; create_directory: true makes one/);
    return true;
  });
  await writeFile(join(parent, "file"), "");
  await assert.rejects(started(t, { directory: join(parent, "file") }), /is not a directory/);
  await started(t, { directory, create_directory: true, directory_permissions: "0700" });
  if (process.platform !== "win32") assert.equal((await stat(directory)).mode & 0o777, 0o700);
});

test("a directory that cannot be made is an error that says why", { timeout: 20_000 }, async (t) => {
  const parent = await makeDirectory(t);
  await writeFile(join(parent, "file"), "");
  const places = [join(parent, "file", "a", "b")];
  // Where everything that is missing is ENOENT, however much of what is above is there.
  if (process.platform === "linux") places.push("/proc/otelcol/storage");
  for (const directory of places) {
    await assert.rejects(started(t, { directory, create_directory: true }), (error) => {
      assert.match(errorText(error), /cannot make the storage directory .*: E[A-Z]+: /);
      return true;
    });
  }
});

test("a read that fails is logged once, until one works again", async (t) => {
  if (process.platform === "win32") return t.skip("open files cannot be moved there");
  const directory = await makeDirectory(t);
  const { extension, logs } = await started(t, { directory });
  const client = await extension.client("exporter", "x", "metrics");
  // So large that the next one goes to another file.
  const large = Buffer.alloc(17 * 1024 * 1024, 7);
  await client.batch([put("a", large)]);
  await client.batch([put("b", "2")]);
  const folder = join(directory, storeName("exporter", "x", "metrics"));
  await rename(folder, `${folder}.away`);
  await assert.rejects(client.get("a"), { reason: "io" });
  await assert.rejects(client.get("a"), { reason: "io" });
  await rename(`${folder}.away`, folder);
  assert.ok(large.equals((await client.get("a")) ?? Buffer.of()));
  assert.deepEqual(
    logs.map(({ message }) => message),
    ["Reading from storage failed.", "Reading from storage works again."],
  );
});

test("a second extension on the directory is refused after the timeout, and served when the first is gone", async (t) => {
  const directory = await makeDirectory(t);
  const { extension } = await started(t, { directory });
  await assert.rejects(started(t, { directory, timeout: "60ms" }), (error) => {
    assert.match(errorText(error), /is in use by another collector or extension: .* within 60ms$/);
    return true;
  });
  const waiting = started(t, { directory, timeout: "20s" });
  await extension.shutdown();
  await waiting;
});

/** Another process that holds the lock until it is ended. */
async function holder(t: TestContext, directory: string): Promise<ChildProcess> {
  const script = `
    import { DirectoryLock } from ${JSON.stringify(new URL("../../../src/extensions/file-storage/directory-lock.ts", import.meta.url).href)};
    import { systemClock } from ${JSON.stringify(new URL("../../../src/component/index.ts", import.meta.url).href)};
    const lock = await DirectoryLock.take(${JSON.stringify(directory)}, 0, systemClock);
    setInterval(() => lock, 1000);
    console.log("locked");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

test("the lock holds between processes and ends with a SIGKILL", async (t) => {
  const directory = await makeDirectory(t);
  const child = await holder(t, directory);
  await assert.rejects(started(t, { directory, timeout: 0 }), /is in use by another collector/);
  child.kill("SIGKILL");
  await once(child, "exit");
  await started(t, { directory, timeout: 0 });
});

test("a lock file that was written to is made a lock again", async (t) => {
  const directory = await makeDirectory(t);
  await writeFile(join(directory, "lock"), Buffer.alloc(5000, "garbage"));
  await started(t, { directory });
  await assert.rejects(started(t, { directory, timeout: 0 }), /is in use/);
});

test("a directory that cannot be written to is refused at the start", async (t) => {
  if (process.platform === "win32" || process.getuid?.() === 0) return t.skip("permissions do not bind here");
  const directory = await makeDirectory(t);
  await chmod(directory, 0o500);
  await assert.rejects(started(t, { directory }), /cannot be written to/);
});

test("a batch that the format has no room for is refused, which is no failure of the disk", async (t) => {
  const directory = await makeDirectory(t);
  const { extension, logs, statuses } = await started(t, { directory });
  const client = await extension.client("exporter", "x", "metrics");
  await assert.rejects(client.batch([put("k".repeat(70_000), "")]), /key of 70000 bytes is too long/);
  await client.batch([put("a", "1"), remove("b")]);
  assert.deepEqual(logs, []);
  assert.deepEqual(statuses, []);
});

test("a full disk refuses, deletions take effect all the same, and room that is given back is used", async (t) => {
  const directory = await smallDisk(t, "1m");
  if (directory === undefined) return t.skip("takes the right to mount a tmpfs");
  const { extension, logs, statuses, metric } = await started(t, { directory });
  let client = await extension.client("exporter", "x", "metrics");
  const big = Buffer.alloc(200_000, 7);
  const taken: string[] = [];
  for (let i = 0; i < 8; i++) {
    await client.batch([put(`k${i}`, big)]).then(
      () => taken.push(`k${i}`),
      (error) => assert.equal(error.reason, "full"),
    );
  }
  assert.deepEqual(taken, ["k0", "k1", "k2", "k3", "k4"]);
  assert.equal(await metric("failed_writes", { reason: "full" }, "otelcol_file_storage_"), 3);
  assert.deepEqual(
    logs.map(({ message }) => message),
    ["Writing to storage failed."],
  );
  assert.deepEqual(
    statuses.map(({ status }) => status),
    ["recoverable_error"],
  );
  assert.deepEqual(await client.get("k4"), big);
  // Fills what is left, so that not even a deletion can be written.
  await writeFile(join(directory, "filler"), Buffer.alloc(1_000_000)).catch(() => {});
  for (const key of taken.slice(1)) await client.batch([remove(key)]);
  assert.deepEqual(await client.keys(), ["k0"]);
  await assert.rejects(client.batch([put("k9", big)]), { reason: "full" });
  // As a reload does.
  await client.close();
  client = await extension.client("exporter", "x", "metrics");
  assert.deepEqual(await client.keys(), ["k0"]);
  await client.batch([remove("k0")]);
  await client.batch([put("k9", big)]);
  assert.deepEqual(
    statuses.map(({ status }) => status),
    ["recoverable_error", "ok"],
  );
  await extension.shutdown();
  const { extension: next } = await started(t, { directory });
  assert.deepEqual(await (await next.client("exporter", "x", "metrics")).keys(), ["k9"]);
});

test("a file system that turns read-only refuses, and works again when it is writable", async (t) => {
  const directory = await smallDisk(t, "1m");
  if (directory === undefined) return t.skip("takes the right to mount a tmpfs");
  const { extension } = await started(t, { directory });
  const client = await extension.client("exporter", "x", "metrics");
  await client.batch([put("a", "1")]);
  await client.close();
  // Not with a file open for writing.
  await extension.shutdown();
  remount(directory, "ro");
  await assert.rejects(started(t, { directory }), (error) => {
    assert.match(errorText(error), /storage directory .* cannot be written to: EROFS/);
    return true;
  });
  remount(directory, "rw");
  const { extension: next } = await started(t, { directory });
  assert.deepEqual(await (await next.client("exporter", "x", "metrics")).keys(), ["a"]);
});

test("its gauges tell what the files take", async (t) => {
  const directory = await makeDirectory(t);
  const { extension, metric } = await started(t, { directory });
  const client = await extension.client("exporter", "x", "metrics");
  await client.batch([put("a", Buffer.alloc(5000))]);
  await client.batch([put("b", Buffer.alloc(3000)), remove("a")]);
  const store = { store: "exporter.x.metrics", extension: "file_storage" };
  const path = join(directory, "exporter.x.metrics", "0000000001.log");
  assert.equal(await metric("file_bytes", store, "otelcol_file_storage_"), (await stat(path)).size);
  assert.equal(await metric("live_bytes", store, "otelcol_file_storage_"), 3000 + 12 + 11 + 1);
});

test("compaction on start and on rebound leaves little more than the data", async (t) => {
  const directory = await makeDirectory(t);
  const folder = join(directory, "exporter.x.metrics");
  const sizes = async () => {
    const names = await readdir(folder);
    const stats = await Promise.all(names.map((name) => stat(join(folder, name))));
    return stats.reduce((sum, { size }) => sum + size, 0);
  };
  const first = await started(t, {
    directory,
    compaction: {
      on_rebound: true,
      check_interval: "10ms",
      rebound_needed_threshold_mib: 1,
      rebound_trigger_threshold_mib: 0.5,
    },
  });
  const client = await first.extension.client("exporter", "x", "metrics");
  const big = Buffer.alloc(300_000);
  for (let i = 0; i < 6; i++) await client.batch([put(`k${i}`, big)]);
  for (let i = 0; i < 5; i++) await client.batch([remove(`k${i}`)]);
  while ((await sizes()) > 400_000) await new Promise((resolve) => setTimeout(resolve, 5));
  await first.extension.shutdown();

  const plain = await started(t, { directory });
  const same = await plain.extension.client("exporter", "x", "metrics");
  for (let i = 0; i < 5; i++) await same.batch([put("k0", big)]);
  await plain.extension.shutdown();
  assert.ok((await sizes()) > 1_500_000);
  const last = await started(t, { directory, compaction: { on_start: true } });
  const found = await last.extension.client("exporter", "x", "metrics");
  assert.deepEqual(await found.keys(), ["k0", "k5"]);
  assert.ok((await sizes()) < 700_000);
});

test("a component that names something else as its storage is told so", async (t) => {
  const { extension } = extensionFor(t, {});
  const hostWith = (component: object | undefined): Host => ({ extension: () => component });
  assert.equal(findStorage(hostWith(extension), "file_storage"), extension as StorageExtension);
  assert.throws(() => findStorage(host, "file_storage"), /^StorageError: no storage client extension found/);
  assert.throws(
    () => findStorage(hostWith({}), "health_check"),
    /extension "health_check" is not a storage extension/,
  );
  await assert.rejects(extension.client("exporter", "x", "y"), /is not running/);
});

test("data that no component asks for is named in a warning", async (t) => {
  const directory = await makeDirectory(t);
  const { extension } = await started(t, { directory });
  for (const id of ["used", "renamed", "drained"]) {
    const client = await extension.client("exporter", id, "metrics");
    if (id !== "drained") await client.batch([put("a", "1")]);
  }
  await extension.shutdown();
  const h = harness("file_storage");
  const next = new FileStorageExtension({ ...h.settings, config: definition.config.parse({ directory }) });
  t.after(() => next.shutdown());
  await next.start();
  await next.client("exporter", "used", "metrics");
  await h.clock.advance(30_000);
  while (h.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(h.logs, [
    {
      level: "warn",
      message: "Stored data belongs to no component that runs.",
      fields: { store: join(directory, "exporter.renamed.metrics") },
    },
  ]);
});

test("data of a component that is gone after a reload is named too", async (t) => {
  const directory = await makeDirectory(t);
  const h = harness("file_storage");
  const extension = new FileStorageExtension({
    ...h.settings,
    config: definition.config.parse({ directory }),
  });
  t.after(() => extension.shutdown());
  await extension.start();
  const client = await extension.client("exporter", "removed", "metrics");
  await client.batch([put("a", "1")]);
  await h.clock.advance(60_000);
  await client.close();
  const store = join(directory, "exporter.removed.metrics");
  const kept = "Stored data is kept for the next start.";
  const orphan = "Stored data belongs to no component that runs.";
  const storesOf = (message: string) =>
    h.logs.filter((log) => log.message === message).map(({ fields }) => fields["store"]);
  assert.deepEqual(storesOf(kept), [store]);
  assert.equal(h.logs.find(({ message }) => message === kept)?.fields["entries"], 1);
  await h.clock.advance(30_000);
  // The look before may have read the directory only now, and then says the same.
  while (storesOf(orphan).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual([...new Set(storesOf(orphan))], [store]);
});

test("options without effect are accepted with a warning, wrong ones are refused", () => {
  const warnings = definition.warnings?.(
    definition.config.parse({ compaction: { directory: "/tmp", cleanup_on_start: true } }),
  );
  assert.deepEqual(
    warnings?.map(({ path }) => path.join("::")),
    ["compaction::directory", "compaction::cleanup_on_start"],
  );
  assert.deepEqual(definition.warnings?.(definition.config.parse({})), []);
  const messages = (config: unknown) =>
    definition.config.safeParse(config).error?.issues.map(({ message }) => message);
  assert.deepEqual(messages({ directory_permissions: "0999" }), ['must be an octal number such as "0750"']);
  assert.equal(messages({ compaction: { max_transaction_size: -1 } })?.length, 1);
});

test("what is in the files is what the components wrote, nothing else of the process", async (t) => {
  const directory = await makeDirectory(t);
  await mkdir(join(directory, "somebody-elses"));
  const { extension } = await started(t, { directory, fsync: true });
  const client = await extension.client("exporter", "x", "metrics");
  await client.batch([put("a", "needle")]);
  const bytes = await readFile(join(directory, "exporter.x.metrics", "0000000001.log"));
  assert.equal(bytes.length, 16 + 12 + 11 + 1 + 6);
  assert.deepEqual((await readdir(directory)).toSorted(), ["exporter.x.metrics", "lock", "somebody-elses"]);
});
