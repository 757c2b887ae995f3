import type { Clock } from "../component/index.ts";
import { crossCheck, endpointUrl, z } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import { ReusableBuffer } from "../net/index.ts";
import { crossCheckedHttpOptions, httpOptionFaults, prometheusHttpShape } from "./http-options.ts";
import { prometheusDuration } from "./prometheus-duration.ts";
import { PrometheusHttpClient, type PrometheusHttpClientSettings } from "./prometheus-http-client.ts";
import { readGroups } from "./read-groups.ts";
import type { TargetListener, TargetSource } from "./target-source.ts";

/** A list of targets beyond this is a mistake. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;

const jsonType = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

/** An entry of Prometheus' `http_sd_configs`. */
export const httpSdSchema = z
  .strictObject({
    url: endpointUrl().describe("Where the target groups are, as JSON."),
    refresh_interval: prometheusDuration({ min: 1 }).prefault("1m").describe("How often to ask."),
    ...prometheusHttpShape,
  })
  .check(
    crossCheck(crossCheckedHttpOptions, ({ value, issues }) => {
      for (const { path, message } of httpOptionFaults(value)) {
        issues.push({ code: "custom", input: value, path: [...path], message });
      }
    }),
  );

export type HttpSdConfig = z.output<typeof httpSdSchema>;

export type HttpSourceSettings = Pick<
  PrometheusHttpClientSettings,
  "logger" | "userAgent" | "environment"
> & {
  readonly config: HttpSdConfig;
  readonly clock: Clock;
};

/** Targets from an HTTP server, asked again and again. What cannot be fetched or understood leaves them as they are. */
export class HttpSource implements TargetSource {
  readonly #settings: HttpSourceSettings;
  readonly #body = new ReusableBuffer();
  readonly #abort = new AbortController();
  #client: PrometheusHttpClient | undefined;
  #refreshing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(settings: HttpSourceSettings) {
    this.#settings = settings;
  }

  /** Returns at once: the server may be slow or away. @throws CollectorError TLS_FILE */
  async start(listener: TargetListener): Promise<void> {
    const { config, clock, logger, userAgent, environment } = this.#settings;
    this.#client = await PrometheusHttpClient.open({
      config,
      logger,
      tokenTimeoutMs: config.refresh_interval,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      ...(userAgent !== undefined && { userAgent }),
      ...(environment !== undefined && { environment }),
    });
    this.#begin(this.#client, listener);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancel?.();
    await this.#refreshing;
    await this.#client?.close();
  }

  #begin(client: PrometheusHttpClient, listener: TargetListener): void {
    this.#refreshing = this.#refresh(client, listener).finally(() => {
      if (this.#abort.signal.aborted) return;
      const { clock, config } = this.#settings;
      this.#cancel = clock.schedule(config.refresh_interval, () => this.#begin(client, listener));
    });
  }

  async #refresh(http: PrometheusHttpClient, listener: TargetListener): Promise<void> {
    const { url, refresh_interval } = this.#settings.config;
    try {
      const { contentType, length } = await http.client.fetchBody({
        url,
        headers: {
          accept: "application/json",
          "x-prometheus-refresh-interval-seconds": String(refresh_interval / 1000),
        },
        credentials: await http.credentials(),
        timeoutMs: refresh_interval,
        bodyLimitBytes: MAX_BODY_BYTES,
        into: this.#body,
        signal: this.#abort.signal,
        followRedirects: http.followRedirects,
      });
      if (!jsonType.test(contentType.trim())) {
        const problem = `${url} answered content type ${JSON.stringify(contentType)}, expected application/json`;
        throw new CollectorError("DISCOVERY", problem);
      }
      const groups = parse(this.#body.bytes.toString("utf8", 0, length), url);
      if (this.#abort.signal.aborted) return;
      listener.groups(groups);
      listener.succeeded();
    } catch (error) {
      if (!this.#abort.signal.aborted) listener.failed(error);
    }
  }
}

function parse(text: string, url: string): ReturnType<typeof readGroups> {
  try {
    return readGroups(text, "json", url, { __meta_url: url });
  } catch (cause) {
    throw new CollectorError("DISCOVERY", `${url} answered no list of targets: ${errorText(cause)}`, {
      cause,
    });
  }
}
