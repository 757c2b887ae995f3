import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ExpositionError,
  ExpositionLimitError,
  type ExpositionLimits,
  SeriesTable,
} from "../../src/exposition/index.ts";
import { virtHandlerBody } from "./fixture.ts";
import { parse, seenSeries } from "./support.ts";

describe("a series table", () => {
  test("learns a virt-handler body once and predicts it from then on", () => {
    const table = new SeriesTable();
    const first = parse(table, virtHandlerBody);
    assert.equal(first.samples, 22);
    assert.equal(first.newEntries, 22);
    assert.equal(first.metadataChanged, true);
    assert.equal(first.sameSeries, false);
    const before = seenSeries(table, first);

    const second = parse(table, virtHandlerBody, first.values);
    assert.equal(second.values, first.values, "the array is used again");
    assert.deepEqual(seenSeries(table, second), before);
    // The second and third point of the migrating VMI have a spelling that the line before already had.
    assert.equal(second.predicted, 20);
    assert.deepEqual(
      [second.newEntries, second.metadataChanged, second.sameSeries, second.missing, second.duplicates],
      [0, false, true, 0, 0],
    );
  });

  test("tells names, labels, families and timestamps", () => {
    const table = new SeriesTable();
    const result = parse(table, virtHandlerBody);
    const series = seenSeries(table, result);
    const find = (name: string) => series.filter((item) => item.name === name);

    const bounds = find("kubevirt_workqueue_work_duration_seconds_bucket").map(({ labels }) => labels["le"]);
    assert.deepEqual(bounds.sort(), ["+Inf", "1.0", "10.0", "1e-08", "9.999999999999999e-06"]);
    assert.equal(
      find("kubevirt_workqueue_work_duration_seconds_sum")[0]?.family,
      "kubevirt_workqueue_work_duration_seconds",
    );
    assert.equal(find("go_gc_duration_seconds_count")[0]?.family, "go_gc_duration_seconds");
    assert.equal(find("go_memstats_alloc_bytes_total")[0]?.family, "go_memstats_alloc_bytes_total");
    assert.equal(find("kubevirt_vmi_filesystem_used_bytes")[0]?.labels["mount_point"], 'System "Größe"');
    assert.equal(find("kubevirt_vmi_filesystem_used_bytes")[0]?.labels["disk_name"], "C:\\");
    assert.deepEqual(
      find("kubevirt_vmi_migration_data_remaining_bytes").map((s) => [s.occurrence, s.value, s.timestamp]),
      [
        [0, 3000, 1760000000000],
        [1, 2000, 1760000005000],
        [2, 1000, 1760000010000],
      ],
    );
    assert.deepEqual(table.families.get("go_gc_gomemlimit_bytes"), {
      name: "go_gc_gomemlimit_bytes",
      type: "gauge",
      help: "Go runtime memory limit configured by the user, otherwise math.MaxInt64.",
    });
  });

  test("keeps one frozen labels object for equal label sets, however they are spelt", () => {
    const table = new SeriesTable();
    parse(
      table,
      [
        'a{x="1",y="2"} 1',
        'b{y="2",x="1"} 1',
        'c{ x="1" , "y"="2", } 1',
        'd{x="1",empty="",y="2"} 1',
        '{"e",x="1",y="2"} 1\n',
      ].join("\n"),
    );
    const labels = table.entries.map((entry) => entry.labels);
    assert.equal(new Set(labels).size, 1);
    assert.deepEqual(labels[0], { x: "1", y: "2" });
    assert.ok(Object.isFrozen(labels[0]));
  });

  test("takes different spellings for one series", () => {
    const table = new SeriesTable();
    parse(table, 'a{x="1",y="2"} 1\nb 1\n');
    const result = parse(table, '\ta {y="2",x="1",} 2\nb{} 3\n');
    assert.deepEqual([table.entries.length, result.sameSeries, result.missing], [2, true, 0]);
    assert.deepEqual(Array.from(result.values.subarray(0, 2)), [2, 3]);
  });

  test("does not confuse series whose bytes are alike", () => {
    const table = new SeriesTable();
    const body =
      'ab{c="d"} 1\na{bc="d"} 2\na{b="c\\"d"} 3\na{b="c\0d"} 4\na{b="cd"} 5\na{b="c\0\0\0\0\0\0\0\0d"} 6\n';
    parse(table, body);
    const result = parse(table, body);
    assert.deepEqual(
      seenSeries(table, result)
        .map((s) => s.value)
        .sort(),
      [1, 2, 3, 4, 5, 6],
    );
    const zeros = parse(table, body.replace("\0\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\x01"));
    assert.equal(zeros.newEntries, 1);
  });

  test("tells NUL bytes from the ones that make a negative zero of them", () => {
    const table = new SeriesTable();
    const body = Buffer.from(`a{b="${"\0".repeat(24)}"} 1\n`);
    parse(table, body);
    for (let at = body.indexOf(0); at <= body.lastIndexOf(0); at++) {
      const other = Buffer.from(body);
      other[at] = 0x80;
      assert.throws(() => parse(table, other), /not valid UTF-8/, `byte ${at}`);
    }
    assert.equal(parse(table, body).sameSeries, true);
  });

  test("compares bytes that are a NaN when loaded as a float", () => {
    const table = new SeriesTable();
    const body = `a{b="${"\x7f".repeat(40)}"} 1\n`;
    parse(table, body);
    const result = parse(table, body);
    assert.deepEqual([result.newEntries, result.sameSeries], [0, true]);
  });

  test("counts a series that comes twice without a timestamp and keeps the first", () => {
    const table = new SeriesTable();
    for (let i = 0; i < 3; i++) {
      const result = parse(table, 'a{x="1"} 1\nb 1\na{x="1"} 2\n');
      assert.deepEqual([result.samples, result.duplicates, result.missing, result.values[0]], [3, 1, 0, 1]);
      assert.equal(result.sameSeries, i > 0);
    }
  });

  test("gives repeats with timestamps an entry each, and takes fewer or more of them later", () => {
    const table = new SeriesTable();
    parse(table, 'a{x="1"} 1 100\na{x="1"} 2 200\n');
    const entries = table.entries.map(({ occurrence, labels }) => [occurrence, labels]);
    assert.deepEqual(
      entries.map(([occurrence]) => occurrence),
      [0, 1],
    );
    assert.equal(entries[0]?.[1], entries[1]?.[1]);
    const fewer = parse(table, 'a{x="1"} 3\n');
    assert.deepEqual([fewer.timestamps, fewer.missing, fewer.values[0]], [undefined, 1, 3]);
    const more = parse(table, 'a{x="1"} 1 100\na{x="1"} 2 200\na{x="1"} 3 300\n');
    assert.deepEqual(Array.from(more.timestamps!.subarray(0, 3)), [100, 200, 300]);
    assert.equal(more.newEntries, 1);
  });

  test("notices when series go and come back, keeping their slots", () => {
    const table = new SeriesTable();
    parse(table, "a 1\nb 2\nc 3\n");
    const gone = parse(table, "a 1\nc 3\n");
    assert.deepEqual([gone.sameSeries, gone.missing, gone.newEntries], [false, 1, 0]);
    assert.deepEqual(Array.from(gone.seen.subarray(0, 3)), [1, 0, 1]);
    const still = parse(table, "a 1\nc 4\n");
    assert.deepEqual([still.sameSeries, still.missing], [true, 1]);
    const back = parse(table, "a 1\nb 5\nc 3\n");
    assert.deepEqual([back.sameSeries, back.missing, back.values[1]], [false, 0, 5]);
    const swapped = parse(table, "a 1\nb 5\nd 3\n");
    assert.deepEqual([swapped.sameSeries, swapped.newEntries, swapped.missing], [false, 1, 1]);
    assert.deepEqual(Array.from(back.seen.subarray(0, 3)), [1, 1, 1], "the mask before is still valid");
  });

  test("changes families only when metadata change", () => {
    const table = new SeriesTable();
    assert.equal(parse(table, "a_sum 1\na 1\n").metadataChanged, false);
    assert.deepEqual(
      table.entries.map((entry) => entry.family),
      ["a_sum", "a"],
    );
    assert.equal(table.families.get("a")?.type, "unknown");
    const family = parse(table, "a_sum 1\na 1\n# TYPE a summary\n");
    assert.equal(family.metadataChanged, true);
    assert.deepEqual(
      table.entries.map((entry) => entry.family),
      ["a", "a"],
    );
    assert.deepEqual(Array.from(table.families.keys()), ["a"]);
    const metadata = table.families.get("a");
    assert.equal(parse(table, "# TYPE a summary\na_sum 1\na 1\n").metadataChanged, false);
    assert.equal(
      parse(table, "a_sum 1\na 1\n").metadataChanged,
      false,
      "an absent TYPE line takes nothing back",
    );
    assert.equal(table.families.get("a"), metadata);
    assert.equal(parse(table, "# TYPE a summary\n# HELP a text\na 1\n").metadataChanged, true);
    assert.deepEqual(table.families.get("a"), { name: "a", type: "summary", help: "text" });
    assert.equal(parse(table, "# TYPE a gauge\n# TYPE a summary\na 1\n").metadataChanged, false);
    assert.equal(parse(table, "# TYPE a summary\n# TYPE a gauge\na_sum 1\n").metadataChanged, true);
    assert.equal(table.entries[0]?.family, "a_sum");
  });

  test("reads le anew when the TYPE line above it changes", () => {
    const table = new SeriesTable();
    const body = (type: string) => `# TYPE a ${type}\na_bucket{le="1"} 1\n`;
    parse(table, body("histogram"));
    assert.equal(parse(table, body("gauge")).newEntries, 1);
    assert.deepEqual(
      table.entries.map(({ labels }) => labels["le"]),
      ["1.0", "1"],
    );
    const again = parse(table, body("histogram"));
    assert.deepEqual(Array.from(again.seen.subarray(0, 2)), [1, 0]);
  });

  test("reads only the given length of the body", () => {
    const buffer = Buffer.from("a 1\nb 2\nc 3\n");
    assert.equal(new SeriesTable().parse(buffer, 7).samples, 2);
    assert.equal(new SeriesTable().parse(buffer, 0).samples, 0);
    const offset = new Uint8Array(buffer.buffer, buffer.byteOffset + 4, 4);
    const table = new SeriesTable();
    table.parse(offset, 4);
    assert.equal(table.entries[0]?.name, "b");
  });

  test("is as before after an error", () => {
    const table = new SeriesTable();
    const good = "# TYPE a gauge\na 1\nb 2\n";
    parse(table, good);
    const families = new Map(table.families);
    assert.throws(() => parse(table, "# TYPE a counter\na 1\nnew 5\nb x\n"), ExpositionError);
    assert.deepEqual([table.generation, new Map(table.families)], [1, families]);
    const result = parse(table, good);
    assert.deepEqual([result.sameSeries, result.metadataChanged, result.samples], [true, false, 2]);
  });

  test("reports entries learnt from a failed body as new in the next good one", () => {
    const table = new SeriesTable();
    assert.throws(() => parse(table, "# TYPE a summary\na_sum 1\nb x\n"));
    const result = parse(table, "# TYPE a summary\na_sum 1\nb 1\n");
    assert.equal(result.newEntries, 2);
    assert.deepEqual(
      table.entries.map((entry) => entry.family),
      ["a", "b"],
    );
  });

  test("starts over after reset", () => {
    const table = new SeriesTable();
    parse(table, virtHandlerBody);
    table.reset();
    assert.deepEqual([table.entries.length, table.families.size, table.epoch], [0, 0, 1]);
    assert.equal(parse(table, virtHandlerBody).newEntries, 22);
  });
});

describe("compaction", () => {
  test("drops what was absent for long, keeps the rest and its objects", () => {
    const table = new SeriesTable();
    const rest = '# TYPE a gauge\na{x="1"} 1\n# TYPE c counter\nc{x="1"} 3\n';
    parse(table, '# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\n# TYPE c counter\nc{x="1"} 3\nc{x="2"} 4\n');
    parse(table, rest);
    parse(table, rest);
    assert.equal(table.compact(3), undefined);
    const [a, , c] = table.entries;
    const labels = a?.labels;
    assert.deepEqual(Array.from(table.compact(2)!), [0, -1, 1, -1]);
    assert.deepEqual(table.entries, [a, c]);
    assert.deepEqual([table.entries[1]?.slot, table.epoch], [1, 1]);
    assert.deepEqual(Array.from(table.families.keys()), ["a", "c"]);

    const result = parse(table, rest);
    assert.deepEqual(
      [result.sameSeries, result.metadataChanged, result.predicted, result.newEntries, result.missing],
      [true, false, 2, 0, 0],
    );
    parse(table, `${rest}d{x="1"} 1\n`);
    assert.equal(table.entries[2]?.labels, labels);
  });

  test("keeps repeats, quoted names and canonical bounds apart", () => {
    const table = new SeriesTable();
    const body = [
      "# TYPE h histogram",
      'h_bucket{le="1"} 1 100',
      'h_bucket{le="1"} 2 200',
      '{"my.metric",b="2",a="1"} 3',
      "plain 4\n",
    ].join("\n");
    parse(table, `${body}gone 1\n`);
    const before = seenSeries(table, parse(table, body));
    assert.deepEqual(Array.from(table.compact(1)!), [0, 1, 2, 3, -1]);
    const result = parse(table, body);
    assert.deepEqual([result.newEntries, result.sameSeries], [0, true]);
    assert.deepEqual(seenSeries(table, result), before);
  });

  test("bounds a table whose target spells its series differently each time", () => {
    const table = new SeriesTable();
    let compactions = 0;
    for (let i = 0; i < 5000; i++) {
      parse(table, `a{x="1",y="2"${" ".repeat(i)}} 1\n`.slice(0, 4000));
      if (table.wasteful) {
        assert.deepEqual(Array.from(table.compact(1)!), [0]);
        compactions++;
      }
      if (i > 3900) break;
    }
    assert.ok(compactions >= 3, `${compactions}`);
    assert.equal(table.entries.length, 1);
  });

  test("bounds a table under churn", () => {
    const table = new SeriesTable();
    const line = (vm: number) => `cpu{name="vm-${vm}"} 1\nmem{name="vm-${vm}"} 2\n`;
    let largest = 0;
    for (let i = 0; i < 4000; i++) {
      parse(table, line(i) + line(i + 1));
      if (table.wasteful) table.compact(2);
      largest = Math.max(largest, table.entries.length);
    }
    assert.ok(largest < 1500, `${largest}`);
  });
});

describe("limits", () => {
  const exceeds = (
    limits: ExpositionLimits,
    body: string,
    limit: ExpositionLimitError["limit"],
    message: RegExp,
  ) => {
    assert.throws(
      () => parse(new SeriesTable(limits), body),
      (error: unknown) =>
        error instanceof ExpositionLimitError &&
        error.limit === limit &&
        error.code === "SCRAPE_LIMIT" &&
        message.test(error.message),
    );
  };

  test("count samples over the whole body and learn nothing beyond", () => {
    exceeds({ sampleLimit: 2 }, "a 1\nb 2\nc 3\nd 4\n", "sample_limit", /4 samples; sample_limit allows 2/);
    const table = new SeriesTable({ sampleLimit: 2 });
    assert.throws(() => parse(table, "a 1\nb 2\nc 3\nd 4\n"));
    assert.equal(table.entries.length, 2);
    assert.equal(parse(table, "a 1\nb 2\n").samples, 2);
    assert.throws(() => parse(table, "a 1\nb 2\nc 3\n"), /3 samples/);
    assert.throws(() => parse(table, "a 1\nb 2\nc x\n"), ExpositionError);
  });

  test("count labels and the metric name, but no empty labels", () => {
    exceeds({ labelLimit: 2 }, 'a{x="1",y="2"} 1\n', "label_limit", /3 labels/);
    assert.equal(parse(new SeriesTable({ labelLimit: 2 }), 'a{x="1",y=""} 1\n').samples, 1);
  });

  test("measure names and values in bytes", () => {
    exceeds(
      { labelNameLengthLimit: 9 },
      'a{abcdefghij="1"} 1\n',
      "label_name_length_limit",
      /"abcdefghij" has 10 bytes/,
    );
    exceeds({ labelValueLengthLimit: 5 }, 'a{x="üüü"} 1\n', "label_value_length_limit", /"x" has 6 bytes/);
    exceeds({ labelValueLengthLimit: 5 }, "abcdef 1\n", "label_value_length_limit", /"abcdef" has 6 bytes/);
    const limits = { labelNameLengthLimit: 8, labelValueLengthLimit: 5 };
    assert.equal(parse(new SeriesTable(limits), 'abcde{abcdefgh="\\"\\"\\"\\"\\""} 1\n').samples, 1);
  });
});
