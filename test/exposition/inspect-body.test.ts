import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspectBody } from "../../src/exposition/index.ts";
import { virtHandlerBody } from "./fixture.ts";

describe("inspecting a body", () => {
  test("lists families by first appearance and samples in the order of the body", () => {
    const body = [
      "b_sum 1",
      "# HELP empty No samples follow.",
      'a{x="2"} 1',
      'a{x="1"} 2 1760000000000',
      "# TYPE b summary",
      "c 3",
      'a{x="2"} 4',
      'b{quantile="1"} NaN',
    ].join("\n");
    assert.deepEqual(inspectBody(Buffer.from(body)), {
      samples: 6,
      families: [
        {
          name: "b",
          type: "summary",
          samples: [
            { name: "b_sum", labels: {}, value: 1 },
            { name: "b", labels: { quantile: "1.0" }, value: Number.NaN },
          ],
        },
        { name: "empty", type: "unknown", help: "No samples follow.", samples: [] },
        {
          name: "a",
          type: "unknown",
          samples: [
            { name: "a", labels: { x: "2" }, value: 1 },
            { name: "a", labels: { x: "1" }, value: 2, timestampMs: 1760000000000 },
            { name: "a", labels: { x: "2" }, value: 4 },
          ],
        },
        { name: "c", type: "unknown", samples: [{ name: "c", labels: {}, value: 3 }] },
      ],
    });
  });

  test("keeps labels in the order and with the values exposed", () => {
    const [family] = inspectBody(Buffer.from('a{z="1",b="",a="2"} 1\n')).families;
    assert.deepEqual(Object.entries(family!.samples[0]!.labels), [
      ["z", "1"],
      ["b", ""],
      ["a", "2"],
    ]);
  });

  test("assigns samples of a typed family by their suffix, and only by those of its type", () => {
    const family = (type: string, sample: string) =>
      inspectBody(Buffer.from(`# TYPE a ${type}\n${sample} 1\n`)).families.find((f) => f.samples.length > 0)
        ?.name;
    assert.deepEqual(
      ["a", "a_bucket", "a_sum", "a_count", "a_total"].map((name) => family("histogram", name)),
      ["a", "a", "a", "a", "a_total"],
    );
    assert.deepEqual(
      ["a_bucket", "a_sum", "a_count"].map((name) => family("summary", name)),
      ["a_bucket", "a", "a"],
    );
    assert.deepEqual([family("counter", "a_total"), family("counter", "a_sum")], ["a", "a_sum"]);
    assert.deepEqual([family("gauge", "a_total"), family("gauge", "a_count")], ["a_total", "a_count"]);
  });

  test("reads a body in the likeness of a virt-handler's", () => {
    const { families, samples } = inspectBody(Buffer.from(virtHandlerBody));
    assert.equal(samples, 22);
    assert.deepEqual(
      families.map(({ name, type, samples: list }) => `${name} ${type} ${list.length}`),
      [
        "go_gc_duration_seconds summary 5",
        "go_gc_gomemlimit_bytes gauge 1",
        "go_memstats_alloc_bytes gauge 1",
        "go_memstats_alloc_bytes_total counter 1",
        "kubevirt_vmi_filesystem_used_bytes gauge 1",
        "kubevirt_vmi_memory_used_bytes gauge 2",
        "kubevirt_vmi_migration_data_remaining_bytes gauge 3",
        "kubevirt_vmi_vcpu_seconds_total counter 1",
        "kubevirt_workqueue_work_duration_seconds histogram 7",
      ],
    );
  });
});
