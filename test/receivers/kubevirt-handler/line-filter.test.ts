import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import definition from "../../../src/receivers/kubevirt-handler/index.ts";
import { point, run, value } from "./support.ts";

const BODY = `# HELP a_bytes first
# TYPE a_bytes gauge
a_bytes{name="keep"} 1
a_bytes{name="drop"} 2
b_bytes 3
this line is no exposition
c_bytes{pod="ünï"} 4e6
d_bytes 5`;

test("raw_line_filters: lines are left out before they are parsed, so a bad one does no harm", async (t) => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4").end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const metrics_endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const target = { targets: [{ metrics_endpoint, healthz_endpoint: null }] };

  const plain = await run(t, target);
  assert.equal(value(await plain.next(), "up"), 0);
  await plain.stop();

  const filtered = await run(t, { ...target, raw_line_filters: ['"drop"', "^this", "ünï.* 4e6$", "^d_"] });
  const batch = await filtered.next();
  assert.equal(value(batch, "up"), 1);
  assert.deepEqual([point(batch, "a_bytes")?.attributes["name"], value(batch, "b_bytes")], ["keep", 3]);
  assert.deepEqual([value(batch, "c_bytes"), value(batch, "d_bytes")], [undefined, undefined]);
  assert.equal(value(batch, "scrape_samples_scraped"), 2);
  await filtered.stop();
});

test("raw_line_filters have to be regular expressions", () => {
  const parsed = definition.config.safeParse({
    targets: [{ metrics_endpoint: "http://a/" }],
    raw_line_filters: ["("],
  });
  assert.match(parsed.error?.issues[0]?.message ?? "", /invalid regular expression/);
});
