/**
 * `npm run bench`: CPU and peak memory of each stage, side by side with the usual libraries in the same run. Each
 * stage and size runs in a process of its own, so that one's garbage and compiled code do not touch another's.
 * `npm run bench -- parse 1000` runs one stage at one size.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { benchCollector } from "./collector.ts";
import { benchCustom } from "./custom.ts";
import { benchEncode } from "./encode.ts";
import { benchExposition } from "./exposition.ts";
import { benchMap } from "./map.ts";
import { peakMemoryMb } from "./measure.ts";
import { benchQueue } from "./queue.ts";
import { benchTextToOtlp } from "./text-to-otlp.ts";

const SIZES = [100, 1_000, 10_000];

interface Stage {
  readonly title: string;
  /** Rows of: what, CPU µs a sample, how many times less than which other. */
  readonly run: (vmis: number) => Promise<readonly Row[]>;
}

interface Row {
  readonly what: string;
  readonly microseconds: number;
  readonly against: string;
}

const ratio = (other: number | undefined, own: number, name: string) =>
  other === undefined ? "" : `${(other / own).toFixed(1)}x less than ${name}`;
const rounds = (vmis: number) => (vmis >= 10_000 ? 3 : 7);

const stages: Readonly<Record<string, Stage>> = {
  parse: {
    title: "parse: text bytes to values",
    async run(vmis) {
      const r = benchExposition({ vmis, rounds: rounds(vmis), withNpmParser: vmis < 10_000 });
      const against = (own: number) =>
        [ratio(r.splitRegex, own, "split and regex"), ratio(r.npmParser, own, "parse-prometheus-text-format")]
          .filter((text) => text !== "")
          .join(", ");
      return [
        { what: "steady", microseconds: r.steady, against: against(r.steady) },
        { what: "first", microseconds: r.first, against: against(r.first) },
        { what: "split and regex", microseconds: r.splitRegex, against: "" },
        ...(r.npmParser === undefined
          ? []
          : [{ what: "parse-prometheus-text-format", microseconds: r.npmParser, against: "" }]),
      ];
    },
  },
  map: {
    title: "map: scraped to documented metrics",
    async run(vmis) {
      const results = await benchMap({ vmis, rounds: rounds(vmis) });
      return results.flatMap(({ mode, points, first, churn, steady }) => [
        { what: `${mode}, steady`, microseconds: steady / points, against: "" },
        { what: `${mode}, new layout`, microseconds: churn / points, against: "" },
        { what: `${mode}, first`, microseconds: first / points, against: "" },
      ]);
    },
  },
  encode: {
    title: "encode: metrics to OTLP bytes",
    async run(vmis) {
      const shapes = [false, true].map((perVmi) =>
        benchEncode({ vmis, perVmi, rounds: rounds(vmis), json: vmis < 10_000 }),
      );
      return shapes.flat().map((r) => ({
        what: `${r.variant}${r.perVmi ? ", by VMI" : ""}`,
        microseconds: (r.cpuMs * 1000) / r.samples,
        against: r.ratio === 1 ? "" : `${r.ratio.toFixed(1)}x less than the stock serializer`,
      }));
    },
  },
  path: {
    title: "text bytes to OTLP bytes: parse, staleness, map, encode",
    async run(vmis) {
      const r = await benchTextToOtlp({ vmis, rounds: rounds(vmis), withStock: vmis < 10_000 });
      const stock = "split and regex + SDK objects + ProtobufMetricsSerializer";
      return [
        { what: "steady", microseconds: r.steady, against: ratio(r.stock, r.steady, stock) },
        { what: "first", microseconds: r.first, against: ratio(r.stock, r.first, stock) },
        ...(r.stock === undefined ? [] : [{ what: stock, microseconds: r.stock, against: "" }]),
      ];
    },
  },
  custom: {
    title: "a custom processor on plain objects: made, taken back, under the same layout again",
    async run(vmis) {
      const r = await benchCustom(vmis, rounds(vmis));
      return [
        { what: "new resource attributes", microseconds: r.resources, against: "" },
        { what: "new values", microseconds: r.values, against: "" },
      ];
    },
  },
  queue: {
    title: "queue: the exporter over a queue in memory and on disk, as 1, 10 and 100 requests",
    async run(vmis) {
      const rows: Row[] = [];
      for (const requests of [1, 10, 100]) {
        for (const r of await benchQueue({ vmis, requests, rounds: rounds(vmis) })) {
          rows.push({
            what: `${r.queue}, ${requests} requests`,
            microseconds: r.microseconds,
            against: r.queue === "memory" ? "" : `${r.ratio.toFixed(2)}x the CPU of the memory queue`,
          });
        }
      }
      return rows;
    },
  },
  collector: {
    title:
      "the whole collector at one scrape a second: fetch over TLS, gunzip, parse, map, encode, gzip, send",
    async run(vmis) {
      const { microseconds, rssMb } = await benchCollector(vmis);
      return [{ what: `running, ${rssMb.toFixed(0)} MB resident`, microseconds, against: "" }];
    },
  },
};

async function runStage(name: string, vmis: number): Promise<void> {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}; there are ${Object.keys(stages).join(", ")}`);
  const rows = await stage.run(vmis);
  console.log(
    `\n${stage.title}, ${vmis} VMIs (${vmis * 60} samples), peak memory ${peakMemoryMb().toFixed(0)} MB`,
  );
  for (const { what, microseconds, against } of rows) {
    const rate = 1 / microseconds;
    console.log(
      `  ${what.padEnd(58)} ${microseconds.toFixed(4).padStart(9)} µs/sample ${rate.toFixed(2).padStart(9)} M/cpu-s  ${against}`,
    );
  }
}

const [only, size] = process.argv.slice(2);
if (only !== undefined && size !== undefined) await runStage(only, Number(size));
else {
  for (const name of only === undefined ? Object.keys(stages) : [only]) {
    for (const vmis of SIZES) {
      const args = [...process.execArgv, fileURLToPath(import.meta.url), name, String(vmis)];
      const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
      if (status !== 0) process.exitCode = 1;
    }
  }
}
