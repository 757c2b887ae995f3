import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Exposition, startVirtHandler, World } from "../../examples/virt-handler-sim/index.ts";
import { DOCUMENTED } from "../e2e/expected.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { run } from "./terminal.ts";

const text = `# HELP kubevirt_y_total Counts \\\\ things.\\nAll of them.
# TYPE kubevirt_y_total counter
kubevirt_y_total{b="q\\"\\\\\\n",a="ü"} NaN 1700000000000
kubevirt_y_total +Inf
# TYPE kubevirt_workqueue_work_duration_seconds histogram
kubevirt_workqueue_work_duration_seconds_bucket{name="q",le="1"} 1
kubevirt_workqueue_work_duration_seconds_bucket{name="q",le="+Inf"} 2
kubevirt_workqueue_work_duration_seconds_sum{name="q"} 3.5
kubevirt_workqueue_work_duration_seconds_count{name="q"} 2
foo -Inf
# TYPE s summary
s{quantile="0.50"} 1e3
s_sum 1
s_count 2
# TYPE kubevirt_workqueue_depth gauge
kubevirt_workqueue_depth{name="q"} 1.5
`;

const SEEN = [
  "kubevirt_handler.workqueue.depth",
  "kubevirt_handler.workqueue.work_duration_seconds.bucket",
  "kubevirt_handler.workqueue.work_duration_seconds.count",
  "kubevirt_handler.workqueue.work_duration_seconds.sum",
];

const body = "kubevirt_workqueue_work_duration_seconds";
const expected = {
  samples: 11,
  families: [
    {
      name: "kubevirt_y_total",
      type: "counter",
      help: "Counts \\ things.\nAll of them.",
      unit: "",
      samples: [
        {
          name: "kubevirt_y_total",
          labels: { a: "ü", b: 'q"\\\n' },
          value: "NaN",
          timestamp_ms: 1_700_000_000_000,
        },
        { name: "kubevirt_y_total", labels: {}, value: "+Inf" },
      ],
    },
    {
      name: body,
      type: "histogram",
      help: "",
      unit: "",
      samples: [
        { name: `${body}_bucket`, labels: { name: "q", le: "1.0" }, value: 1 },
        { name: `${body}_bucket`, labels: { name: "q", le: "+Inf" }, value: 2 },
        { name: `${body}_sum`, labels: { name: "q" }, value: 3.5 },
        { name: `${body}_count`, labels: { name: "q" }, value: 2 },
      ],
    },
    {
      name: "foo",
      type: "unknown",
      help: "",
      unit: "",
      samples: [{ name: "foo", labels: {}, value: "-Inf" }],
    },
    {
      name: "s",
      type: "summary",
      help: "",
      unit: "",
      samples: [
        { name: "s", labels: { quantile: "0.5" }, value: 1000 },
        { name: "s_sum", labels: {}, value: 1 },
        { name: "s_count", labels: {}, value: 2 },
      ],
    },
    {
      name: "kubevirt_workqueue_depth",
      type: "gauge",
      help: "",
      unit: "",
      samples: [{ name: "kubevirt_workqueue_depth", labels: { name: "q" }, value: 1.5 }],
    },
  ],
  coverage: {
    seen: SEEN,
    // can_connect is of no body.
    missing: DOCUMENTED.slice(1).filter((name) => !SEEN.includes(name)),
    unmapped: ["kubevirt_y_total"],
  },
};

test("--json is one object a line for each input, in the order of the body", async (t) => {
  const cwd = await temporaryDirectory(t);
  await writeFile(join(cwd, "a.txt"), text);
  await writeFile(join(cwd, "b.txt"), "x 1\n");
  const { code, out, err } = await run(["inspect", "--json", "a.txt", "b.txt", "-"], { cwd, input: "y 2\n" });
  assert.deepEqual([code, err], [0, ""]);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, 3);
  const [first, second, third] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(first, { source: "a.txt", ok: true, ...expected });
  assert.deepEqual(Object.keys(first), ["source", "ok", "samples", "families", "coverage"]);
  assert.deepEqual([second.source, second.families[0].name], ["b.txt", "x"]);
  assert.deepEqual([third.source, third.families[0].samples[0].value], ["-", 2]);
});

test("an error has line, column and message, and makes the exit code 1", async () => {
  const input = 'a 1\na{b="c" 2\n';
  const { code, out } = await run(["inspect", "--json", "-", "--format", "text"], { input });
  assert.equal(code, 1);
  const { error, ...rest } = JSON.parse(out);
  assert.deepEqual(rest, { source: "-", ok: false });
  assert.deepEqual([error.line, error.column], [2, 9]);
  assert.equal(typeof error.message, "string");
  assert.deepEqual(Object.keys(error), ["line", "column", "message"]);

  const table = await run(["inspect", "-"], { input });
  assert.equal(table.code, 1);
  assert.ok(table.out.startsWith(`-:2:9: ${error.message}\n`), table.out);
});

test("one bad input does not hide the others", async (t) => {
  const cwd = await temporaryDirectory(t);
  await writeFile(join(cwd, "good.txt"), "x 1\n");
  const { code, out } = await run(["inspect", "--json", "missing.txt", "good.txt"], { cwd });
  assert.equal(code, 1);
  const [missing, good] = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(missing.ok, false);
  assert.match(missing.error.message, /ENOENT|no such file/);
  assert.equal(good.ok, true);
});

test("without --json it prints a table", async () => {
  const { code, out } = await run(["inspect", "-"], { input: text });
  assert.equal(code, 0);
  assert.match(out, /^-: 11 samples in 5 families$/m);
  assert.match(out, /^family +type +samples +help$/m);
  assert.match(out, /^kubevirt_workqueue_depth +gauge +1$/m);
  assert.match(out, /^documented metrics: 4 seen, 40 missing$/m);
  assert.match(out, /^ {2}kubevirt_handler\.vmi\.vcpu_seconds\.count$/m);
  assert.match(out, /^ {2}kubevirt_y_total$/m);
});

test("a body of virt-handler has all of the documented set", async () => {
  const input = new Exposition(
    new World({ vms: 3, node: "n", seed: 1, clock: () => 1.75e12, lively: false }),
  ).scrape();
  const { coverage } = JSON.parse((await run(["inspect", "--json", "-"], { input })).out);
  assert.deepEqual(coverage.missing, []);
  assert.deepEqual(coverage.seen.toSorted(), DOCUMENTED.slice(1).toSorted());
  assert.ok(coverage.unmapped.includes("kubevirt_vmi_dirty_rate_bytes_per_second"));
});

test("URLs are fetched over verified TLS", async (t) => {
  const handler = await startVirtHandler();
  t.after(() => handler.close());
  const cwd = await temporaryDirectory(t);
  await writeFile(join(cwd, "ca.pem"), handler.caPem);
  const url = handler.metricsUrl;
  const named = ["--ca-file", "ca.pem", "--server-name", "virt-handler.kubevirt.svc"];
  const verified = await run(["inspect", "--json", url, ...named], { cwd });
  assert.equal(verified.code, 0, verified.out);
  const { source, ok, samples } = JSON.parse(verified.out);
  assert.deepEqual([source, ok], [url, true]);
  assert.ok(samples > 100);
  for (const flags of [[], ["--ca-file", "ca.pem"]]) {
    const refused = await run(["inspect", "--json", url, ...flags], { cwd });
    assert.equal(refused.code, 1);
    assert.match(JSON.parse(refused.out).error.message, /certificate|altnames/i);
  }
  const trusting = await run(["inspect", "--json", url, "--insecure-skip-verify"], { cwd });
  assert.equal(trusting.code, 0);
});
