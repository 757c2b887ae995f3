import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics, formatDiagnostics, resolveConfig, validateNode } from "../../../src/config/index.ts";
import { components } from "../../../src/distribution/index.ts";
import healthCheck from "../../../src/extensions/health-check/index.ts";
import { loadConfig } from "../../../src/service/index.ts";

/** What is said about the section that the YAML holds. */
async function problems(yaml: string): Promise<string> {
  const { root } = await resolveConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." });
  const diagnostics = new Diagnostics();
  validateNode(root.get("x") ?? root, healthCheck.config, { diagnostics, path: ["x"] });
  return formatDiagnostics(diagnostics.items);
}

test("the Collector's own example of healthcheckv2 is taken", async () => {
  const yaml = `x:
  use_v2: true
  component_health: { include_permanent_errors: false, include_recoverable_errors: true, recovery_duration: 5m }
  http:
    endpoint: "localhost:13133"
    status: { enabled: true, path: "/health/status" }
    config: { enabled: true, path: "/health/config" }
  grpc:
    endpoint: "localhost:13132"
    transport: "tcp"
`;
  assert.equal(await problems(yaml), "");
  for (const section of ["http", "grpc", "http: {}\n  grpc"]) {
    assert.equal(await problems(`x:\n  use_v2: true\n  ${section}:\n`), "", section);
  }
});

test("what would do nothing is refused", async () => {
  assert.match(await problems("x: { use_v2: true }"), /must specify at least one protocol/);
  assert.match(await problems("x: { grpc: { transport: udp } }"), /x::grpc::transport: .*"tcp"/);
  assert.match(
    await problems("x: { grpc: { include_metadata: true } }"),
    /unknown option "include_metadata"/,
  );
  assert.match(await problems("x: { http: { max_request_body_size: 1 } }"), /unknown option/);
  assert.match(await problems("x: { check_collector_pipeline: {} }"), /unknown option/);
  assert.match(
    await problems("x: { http: { status: { path: status } } }"),
    /expected a path such as \/status/,
  );
  assert.match(
    await problems("x: { http: { config: { enabled: true, path: /status } } }"),
    /x::http::config::path: "\/status" is the path of status already/,
  );
  assert.equal(await problems("x: { http: { config: { path: /status } } }"), "");
});

test("authenticators are looked for when the configuration is read", async () => {
  const file = (section: string) => `
receivers: { otlp: { protocols: { http: } } }
exporters: { nop: }
extensions: { health_check: ${section} }
service:
  extensions: [health_check]
  pipelines: { metrics: { receivers: [otlp], exporters: [nop] } }
`;
  const read = (section: string) =>
    loadConfig({ uris: [`yaml:${file(section)}`], env: {}, cwd: "." }, components);
  const auth = "auth: { authenticator: basicauth }";
  for (const [section, path] of [
    [`{ ${auth} }`, "auth"],
    [`{ http: { ${auth} } }`, "http::auth"],
    [`{ grpc: { ${auth} } }`, "grpc::auth"],
  ] as const) {
    const { diagnostics } = await read(section);
    assert.match(
      formatDiagnostics(diagnostics.items),
      new RegExp(`extensions::health_check::${path}::authenticator: .*basicauth`),
    );
  }
});
