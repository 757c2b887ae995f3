import type { TestContext } from "node:test";
import type { Component, ComponentStatus } from "../../../src/component/index.ts";
import basicauth from "../../../src/extensions/basicauth/index.ts";
import healthCheck from "../../../src/extensions/health-check/index.ts";
import { harness } from "../../delivery/harness.ts";

export interface Report {
  readonly start_time?: string;
  readonly healthy: boolean;
  readonly status: string;
  readonly error?: string;
  readonly status_time: string;
  readonly components?: Readonly<Record<string, Report>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** {} when the answer is no object of JSON. */
  readonly json: Report;
}

/** A running extension of a service with two pipelines whose components are as the test says; time stands still. */
export async function rig(
  t: Pick<TestContext, "after">,
  config: Record<string, unknown> = {},
  extensions: Readonly<Record<string, Component>> = {},
) {
  const { settings, clock, logs } = harness("health_check");
  let statuses: ComponentStatus[] = [
    { kind: "extension", id: "health_check", pipelines: [], status: "ok", since: clock.now() },
    {
      kind: "receiver",
      id: "r",
      pipelines: ["metrics", "metrics/2"],
      status: "starting",
      since: clock.now(),
    },
    { kind: "exporter", id: "e", pipelines: ["metrics"], status: "starting", since: clock.now() },
    { kind: "exporter", id: "f", pipelines: ["metrics/2"], status: "ok", since: clock.now() },
    { kind: "service", id: "config", pipelines: [], status: "ok", since: clock.now() },
  ];
  const component = healthCheck.create({
    ...settings,
    config: healthCheck.config.parse({ endpoint: "127.0.0.1:0", ...config }),
  });
  t.after(() => component.shutdown?.(0));
  await component.start?.({
    extension: (id) => extensions[id],
    statuses: () => statuses,
    config: () => '{"exporters":{"e":{"token":"[REDACTED]"}}}',
  });
  const addressOf = (message: string) =>
    String(logs.find((line) => line.message === message)?.fields["endpoint"]);
  const url = `http://${addressOf("Serving health checks.")}`;
  return {
    component,
    clock,
    url,
    grpc: addressOf("Serving health checks over gRPC."),
    async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
      const response = await fetch(`${url}${path}`, { headers });
      const text = await response.text();
      const json = text.startsWith("{") ? JSON.parse(text) : {};
      return { status: response.status, headers: response.headers, text, json };
    },
    set(id: string, status: ComponentStatus["status"], error?: Error): void {
      statuses = statuses.map((one) => {
        if (one.id !== id) return one;
        const { error: _, ...rest } = one;
        return { ...rest, status, since: clock.now(), ...(error !== undefined && { error }) };
      });
    },
    /** Every component but `service:config`. */
    setAll(status: ComponentStatus["status"]): void {
      statuses = statuses.map((one) =>
        one.kind === "service" ? one : { ...one, status, since: clock.now() },
      );
    },
    /** An exporter of another pipeline, as after a reload. */
    place(id: string, pipeline: string): void {
      statuses.push({ kind: "exporter", id, pipelines: [pipeline], status: "ok", since: clock.now() });
    },
    remove(id: string): void {
      statuses = statuses.filter((one) => one.id !== id);
    },
    pass: (ms: number) => clock.advance(ms),
  };
}

/** An extension that lets in who is on the list, a line `user:password` each. */
export function userList(htpasswd: string): Component {
  const config = basicauth.config.parse({ htpasswd: { inline: htpasswd } });
  return basicauth.create({ ...harness("basicauth").settings, config });
}
