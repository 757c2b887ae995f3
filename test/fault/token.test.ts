import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeConfig } from "../e2e/pipeline.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { arrivalsOf, configOf, firstArrivals, ownMetrics, READY, startCollector } from "./pipeline.ts";

// Windows: a signal ends the collector at once.
const skip = process.platform === "win32";

test("a token that the backend takes no more, while the file does not have the next one yet, costs no data", {
  skip,
}, async (t) => {
  const targets = await NumberedTargets.start(t, 2);
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const filename = join(await temporaryDirectory(t), "token");
  const putToken = async (token: string) => {
    await writeFile(`${filename}.new`, token);
    await rename(`${filename}.new`, filename);
  };
  await putToken("before");
  const config = configOf({
    targets,
    endpoint: sink.endpoint,
    directory: undefined,
    interval: "500ms",
    exporter: { auth: { authenticator: "bearertokenauth" } },
  });
  const configPath = await writeConfig(t, {
    ...config,
    extensions: { bearertokenauth: { filename } },
    service: { ...(config["service"] as object), extensions: ["bearertokenauth"] },
  });
  const collector = await startCollector(t, configPath);
  await collector.untilLog(READY);
  await collector.within(targets.more(4), "scrapes");
  const refused = () => sink.requests.filter(({ accepted }) => !accepted).length;
  sink.defaultAnswer = { status: 401 };
  await collector.within(
    sink.until(() => refused() >= 3),
    "requests with the old token",
  );
  await collector.within(targets.more(4), "scrapes");
  await putToken("after");
  sink.defaultAnswer = {};
  await collector.within(targets.more(4), "scrapes");
  assert.equal((await ownMetrics(collector))("otelcol_exporter_dropped_metric_points"), 0);
  assert.equal((await collector.stop()).code, 0);
  const served = targets.served.map((last) => Array.from({ length: last }, (_, i) => i + 1));
  assert.deepEqual(firstArrivals(arrivalsOf(sink), targets), served);
  assert.equal(sink.requests.at(-1)?.headers.authorization, "Bearer after");
});
