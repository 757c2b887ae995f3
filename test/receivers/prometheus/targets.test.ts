import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../support/certificates.ts";
import { respond, run, STALE, startExporter } from "./support.ts";

test("a target has the resource of its job and instance, and its other labels as attributes", async (t) => {
  const { address, requests } = await startExporter(t, '# TYPE a_total counter\na_total{x="1"} 1\na 2\n');
  const { next } = await run(t, [
    { static_configs: [{ targets: [address], labels: { team: "virt", n: 1 } }] },
  ]);
  const { resource, points, report, reportAttributes, batch } = await next();
  const [host, port] = address.split(":");
  assert.deepEqual(resource, {
    "service.name": "test",
    "service.instance.id": address,
    "server.address": host,
    "server.port": port,
    "url.scheme": "http",
  });
  assert.deepEqual(points, { "a_total{n=1,team=virt,x=1}": 1, "a{n=1,team=virt}": 2 });
  assert.equal(report["up"], 1);
  assert.deepEqual(reportAttributes, { team: "virt", n: "1" });
  assert.deepEqual(batch.resourceMetrics[0]?.scopeMetrics[0]?.scope, {
    name: "otelcol-kubevirt",
    version: "1.2.3",
  });
  assert.equal(requests[0]?.url, "/metrics");
  assert.equal(requests[0]?.headers["user-agent"], "otelcol-kubevirt/1.2.3");
  assert.equal(requests[0]?.headers["x-prometheus-scrape-timeout-seconds"], "0.1");
});

test("path, parameters and their labels make the URL", async (t) => {
  const { address, requests } = await startExporter(t, "a 1\n");
  const { next } = await run(t, [
    {
      metrics_path: "/my metrics",
      params: { "match[]": ["{job='x'}", "b"], z: ["1"] },
      static_configs: [{ targets: [address], labels: { __param_z: "2", __param_extra: "e" } }],
    },
  ]);
  await next();
  const url = new URL(requests[0]?.url ?? "", "http://x");
  assert.equal(url.pathname, "/my%20metrics");
  assert.deepEqual(
    [...url.searchParams],
    [
      ["extra", "e"],
      ["match[]", "{job='x'}"],
      ["match[]", "b"],
      ["z", "2"],
    ],
  );
});

test("relabelling decides about targets: dropped, renamed, sent elsewhere, at other intervals", async (t) => {
  const { address, requests } = await startExporter(t, "a 1\n");
  const { next } = await run(t, [
    {
      scrape_interval: "1h",
      static_configs: [
        { targets: ["192.0.2.1:1"], labels: { __meta_use: "no" } },
        { targets: ["unused:1"], labels: { __meta_use: "yes", __meta_zone: "z1", __tmp: "t" } },
      ],
      relabel_configs: [
        { action: "drop", source_labels: ["__meta_use"], regex: "no" },
        { action: "labelmap", regex: "__meta_(zone)" },
        { source_labels: ["__address__"], target_label: "__param_target" },
        { source_labels: ["__address__"], regex: "(.+):.*", target_label: "instance" },
        { target_label: "__address__", replacement: address },
        { target_label: "__metrics_path__", replacement: "/probe" },
        { target_label: "__scrape_interval__", replacement: "100ms" },
        { target_label: "__scrape_timeout__", replacement: "50ms" },
        { target_label: "job", replacement: "renamed" },
      ],
    },
  ]);
  await next();
  const { resource, points } = await next();
  assert.equal(resource["service.name"], "renamed");
  assert.equal(resource["service.instance.id"], "unused");
  assert.equal(resource["server.port"], address.split(":")[1]);
  assert.deepEqual(points, { "a{zone=z1}": 1 });
  assert.equal(requests[0]?.url, "/probe?target=unused%3A1");
  assert.equal(requests[0]?.headers["x-prometheus-scrape-timeout-seconds"], "0.05");
});

test("a target whose labels make no sense is named in the log, the others are scraped", async (t) => {
  const { address } = await startExporter(t, "a 1\n");
  const cases: readonly (readonly [rule: object, problem: RegExp])[] = [
    [{ target_label: "__address__", replacement: "" }, /it has no address/],
    [
      { target_label: "__address__", replacement: "http://h:1/x" },
      /"http:\/\/h:1\/x" is not a valid address/,
    ],
    [{ target_label: "__address__", replacement: "h:123456" }, /"h:123456" is not a valid address/],
    [
      { target_label: "__scheme__", replacement: "ftp" },
      /scheme "ftp" is not supported, allowed are http and https/,
    ],
    [{ target_label: "__scrape_interval__", replacement: "often" }, /scrape interval "often" is no duration/],
    [{ target_label: "__scrape_interval__", replacement: "0s" }, /scrape interval cannot be 0/],
    [
      { target_label: "__scrape_timeout__", replacement: "2m" },
      /scrape timeout 2m is above scrape interval 100ms/,
    ],
    [
      { target_label: "__scrape_native_histograms__", replacement: "yes" },
      /is "yes", allowed are true and false/,
    ],
    [{ target_label: "__unix_socket__", replacement: "/x" }, /label __unix_socket__ is not supported/],
  ];
  for (const [rule, problem] of cases) {
    const { next, log, counts, stop } = await run(t, [
      {
        static_configs: [{ targets: [address] }, { targets: [address], labels: { bad: "yes" } }],
        relabel_configs: [{ ...rule, source_labels: ["bad"], regex: "yes" }],
      },
    ]);
    assert.equal((await next()).report["up"], 1);
    const line = log.find(({ message }) => message === "Targets cannot be scraped.");
    assert.match(String(line?.fields["error"]), problem);
    assert.match(String(line?.fields["error"]), /^target 1 of group 1: /);
    assert.equal(counts.of("otelcol_prometheus_invalid_targets test"), 1);
    await stop();
  }
});

test("targets come and go with their file; one that is gone ends with all it had", async (t) => {
  const [first, second] = [await startExporter(t, "a 1\n"), await startExporter(t, "b 1\n")];
  const file = join(await temporaryDirectory(t), "targets.json");
  const targets = (...addresses: string[]) => writeFile(file, JSON.stringify([{ targets: addresses }]));
  await targets(first.address);
  const { next, log } = await run(t, [{ file_sd_configs: [{ files: [file] }] }]);
  const of = (instance: string) => (received: { resource: object }) =>
    (received.resource as Record<string, unknown>)["service.instance.id"] === instance;
  assert.deepEqual((await next()).points, { "a{}": 1 });
  await targets(first.address, second.address);
  assert.deepEqual((await next(of(second.address))).points, { "b{}": 1 });

  await writeFile(file, "[{");
  while (!log.some(({ message }) => message === "Targets cannot be discovered, the last known ones stay."))
    await next();
  assert.equal((await next(of(first.address))).report["up"], 1);
  assert.equal((await next(of(second.address))).report["up"], 1);

  const before = await next(of(first.address));
  await targets(second.address);
  const ended = await next((received) => of(first.address)(received) && received.report["up"] === STALE);
  assert.deepEqual(ended.points, { "a{}": STALE });
  assert.ok(Object.values(ended.report).every((value) => value === STALE));
  assert.ok(ended.timeMs >= before.timeMs + 100 && ended.timeMs <= Date.now());
  assert.equal((await next()).resource["service.instance.id"], second.address);
  assert.ok(log.some(({ message }) => message === "Discovery works again."));
});

test("discovery that says the same again changes nothing", async (t) => {
  const exporter = await startExporter(t, "a 1\n");
  const inventory = await startExporter(t, (response) => {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify([
        { targets: [exporter.address], labels: { __meta_asked: String(inventory.requests.length) } },
      ]),
    );
  });
  const { next } = await run(t, [
    { http_sd_configs: [{ url: `http://${inventory.address}/`, refresh_interval: "20ms" }] },
  ]);
  const { batch } = await next();
  const asked = inventory.requests.length;
  const later = await next(() => inventory.requests.length > asked + 5);
  assert.equal(later.batch.layout, batch.layout);
  assert.equal(later.report["scrape_series_added"], 0);
});

test("more targets than allowed: none is asked, all are down", async (t) => {
  const exporters = [await startExporter(t, "a 1\n"), await startExporter(t, "a 1\n")];
  const file = join(await temporaryDirectory(t), "targets.json");
  const targets = (count: number) =>
    writeFile(file, JSON.stringify([{ targets: exporters.slice(0, count).map(({ address }) => address) }]));
  await targets(2);
  const { next, counts, log } = await run(t, [{ target_limit: 1, file_sd_configs: [{ files: [file] }] }]);
  assert.equal((await next()).report["up"], 0);
  assert.equal((await next()).report["up"], 0);
  assert.equal(exporters[0]?.requests.length, 0);
  assert.ok(counts.of("otelcol_scraper_failed_scrapes target_limit") > 0);
  assert.match(
    String(log.find(({ message }) => message === "Scrape failed.")?.fields["error"]),
    /job test has 2 targets, target_limit is 1/,
  );
  await targets(1);
  assert.deepEqual((await next(({ report }) => report["up"] === 1)).points, { "a{}": 1 });
});

test("credentials that cannot be read fail scrapes, and only until they can", async (t) => {
  const { address } = await startExporter(t, (response, request) => {
    if (request.headers.authorization === "Bearer secret") respond(response, "a 1\n");
    else response.writeHead(401).end();
  });
  const file = join(await temporaryDirectory(t), "token");
  const { next, counts, status } = await run(t, [
    { authorization: { credentials_file: file }, static_configs: [{ targets: [address] }] },
  ]);
  assert.equal((await next()).report["up"], 0);
  assert.ok(counts.of("otelcol_scraper_failed_scrapes scrape_auth") > 0);
  assert.equal(status.at(-1)?.status, "recoverable_error");
  await writeFile(file, "secret\n");
  assert.deepEqual((await next(({ report }) => report["up"] === 1)).points, { "a{}": 1 });
  assert.equal(status.at(-1)?.status, "ok");
});

test("formats are asked for as Prometheus asks, and answers without a type need a fallback", async (t) => {
  const exporter = await startExporter(t, (response) => response.end("a 1\n"));
  const { requests, address } = exporter;
  const job = { static_configs: [{ targets: [address] }] };
  const plain = await run(t, [job]);
  assert.equal((await plain.next()).report["up"], 0);
  assert.ok(plain.counts.of("otelcol_scraper_failed_scrapes content_type") > 0);
  assert.match(
    String(requests.at(-1)?.headers.accept),
    /^application\/openmetrics-text;version=1\.0\.0;escaping=allow-utf-8;q=0\.6,application\/openmetrics-text;version=0\.0\.1;q=0\.5,text\/plain;version=1\.0\.0;escaping=allow-utf-8;q=0\.4,text\/plain;version=0\.0\.4;q=0\.3,\*\/\*;q=0\.2$/,
  );
  await plain.stop();
  const chosen = await run(t, [
    {
      ...job,
      fallback_scrape_protocol: "PrometheusText0.0.4",
      scrape_protocols: ["PrometheusText1.0.0"],
      metric_name_escaping_scheme: "values",
      enable_compression: false,
    },
  ]);
  assert.deepEqual((await chosen.next()).points, { "a{}": 1 });
  const { accept, "accept-encoding": encoding } = requests.at(-1)?.headers ?? {};
  assert.equal(accept, "text/plain;version=1.0.0;escaping=values;q=0.6,*/*;q=0.5");
  assert.equal(encoding, "identity");
});

test("a certificate that is missing keeps the receiver from starting", async (t) => {
  const job = { tls_config: { ca_file: "/none/ca.crt" }, static_configs: [{ targets: ["h:1"] }] };
  await assert.rejects(run(t, [job, { job_name: "other", static_configs: [{ targets: ["h:1"] }] }]), {
    code: "TLS_FILE",
  });
});
