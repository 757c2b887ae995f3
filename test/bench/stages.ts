import { benchCollector } from "./collector.ts";
import { benchCustom } from "./custom.ts";
import { benchEncode } from "./encode.ts";
import { benchExposition } from "./exposition.ts";
import { benchFormats } from "./exposition-formats.ts";
import { benchKubernetes } from "./kubernetes.ts";
import { benchMap } from "./map.ts";
import { benchOtlpDecode } from "./otlp-decode.ts";
import { benchOttl } from "./ottl.ts";
import { benchProcessors } from "./processors.ts";
import { benchQueue } from "./queue.ts";
import { benchTextToOtlp } from "./text-to-otlp.ts";

export interface Stage {
  readonly title: string;
  /** VMIs; the default is 100, 1,000 and 10,000. */
  readonly sizes?: readonly number[];
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

export const stages: Readonly<Record<string, Stage>> = {
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
  formats: {
    title: "formats: the same scrapes as text, OpenMetrics and protobuf",
    sizes: [1_000],
    async run(vmis) {
      const results = await benchFormats({ vmis, rounds: rounds(vmis) });
      const yardstick = results.at(-1)?.steady;
      return results.flatMap(({ format, steady, first }) => [
        {
          what: `${format}, steady`,
          microseconds: steady,
          against: ratio(yardstick, steady, "split and regex"),
        },
        {
          what: `${format}, first`,
          microseconds: first,
          against: ratio(yardstick, first, "split and regex"),
        },
      ]);
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
  ottl: {
    title: "OTTL: the transform and filter processors, 60,000 points whatever the size",
    sizes: [1_000],
    async run() {
      return (await benchOttl(3)).flatMap(({ name, first, churn, steady }) => [
        { what: `${name}, steady`, microseconds: steady / 1000, against: "" },
        { what: `${name}, new layout`, microseconds: churn / 1000, against: "" },
        { what: `${name}, first`, microseconds: first / 1000, against: "" },
      ]);
    },
  },
  processors: {
    title: "processors of the Collector, each apart and a chain of ten, 60,000 points whatever the size",
    sizes: [1_000],
    async run() {
      return (await benchProcessors(3)).flatMap(({ name, first, churn, steady }) => [
        { what: `${name}, steady`, microseconds: steady / 1000, against: "" },
        { what: `${name}, new layout`, microseconds: churn / 1000, against: "" },
        { what: `${name}, first`, microseconds: first / 1000, against: "" },
      ]);
    },
  },
  decode: {
    title: "decode: OTLP bytes to metrics",
    sizes: [1_000],
    async run(vmis) {
      const results = [];
      for (const perVmi of [false, true]) results.push(await benchOtlpDecode({ vmis, rounds: 5, perVmi }));
      return results.flatMap((r) => {
        const shape = r.perVmi ? ", by VMI" : "";
        return [
          {
            what: `protobuf to objects${shape}`,
            microseconds: r.protobuf,
            against: ratio(r.protobufjs, r.protobuf, "protobufjs"),
          },
          { what: `protobuf to columns${shape}`, microseconds: r.columns, against: "" },
          {
            what: `JSON to objects${shape}`,
            microseconds: r.json,
            against: ratio(r.jsonParse, r.json, "JSON.parse"),
          },
        ];
      });
    },
  },
  kubernetes: {
    title:
      "kubernetes: following a cluster with both metadata processors; microseconds are of one watch event",
    sizes: [20_000],
    async run(vmis) {
      const r = await benchKubernetes({ pods: vmis / 4, vmis, events: 2_000 });
      const memory = `${(r.memoryBytes / 1e6).toFixed(0)} MB kept, start ${r.startMs.toFixed(0)} ms`;
      return [
        {
          what: `event, ${r.pods} pods and ${r.vmis} VMIs, ${memory}`,
          microseconds: r.eventCpuUs,
          against: "",
        },
      ];
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
