import { printableUrl, ReusableBuffer } from "../../net/index.ts";
import {
  type BodySource,
  type FailureLog,
  failureFields,
  failureReason,
  type Probe,
} from "../../scrape/index.ts";
import { componentOfSet, type MetricSet } from "./config.ts";

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface HealthProbeOptions {
  readonly set: MetricSet;
  readonly url: URL;
  readonly timeoutMs: number;
  readonly client: BodySource;
  readonly signal: AbortSignal;
  readonly log: FailureLog;
  readonly onFailure: (reason: string) => void;
}

/**
 * `<set>.can_connect`: 1 when the health endpoint answers 200 in time, else 0. The endpoint says whether
 * virt-handler reaches the Kubernetes API, nothing about its metrics.
 */
export class HealthProbe implements Probe {
  readonly name: string;
  readonly description: string;
  readonly unit = "1";
  readonly attributes: Readonly<Record<string, string>>;
  readonly #options: HealthProbeOptions;
  readonly #answer = new ReusableBuffer();

  constructor(options: HealthProbeOptions) {
    this.#options = options;
    this.name = `${options.set}.can_connect`;
    this.description = `1 if the health endpoint of the ${componentOfSet[options.set]} answers with success, else 0.`;
    this.attributes = { endpoint: printableUrl(options.url) };
  }

  async measure(): Promise<number> {
    const { url, timeoutMs, client, signal, log, onFailure } = this.#options;
    try {
      await client.fetchBody({
        url,
        // A virt-handler answers 406 to whoever does not take JSON.
        headers: { accept: "application/json" },
        timeoutMs,
        bodyLimitBytes: MAX_ANSWER_BYTES,
        into: this.#answer,
        signal,
      });
    } catch (error) {
      if (signal.aborted) return 0;
      onFailure(failureReason(error));
      const fields = failureFields(error);
      log.failed(JSON.stringify(fields), { endpoint: url.href, ...fields });
      return 0;
    }
    log.succeeded();
    return 1;
  }
}
