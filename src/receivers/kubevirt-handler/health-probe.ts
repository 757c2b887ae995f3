import { type HttpClient, ReusableBuffer } from "../../net/index.ts";
import { type FailureLog, failureFields, failureReason, type Probe } from "../../scrape/index.ts";

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface HealthProbeOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly client: HttpClient;
  readonly signal: AbortSignal;
  readonly log: FailureLog;
  readonly onFailure: (reason: string) => void;
}

/**
 * `kubevirt_handler.can_connect`: 1 when the health endpoint answers 200 in time, else 0. The endpoint says whether
 * virt-handler reaches the Kubernetes API, nothing about its metrics.
 */
export class HealthProbe implements Probe {
  readonly name = "kubevirt_handler.can_connect";
  readonly description = "1 if the health endpoint of the virt-handler answers with success, else 0.";
  readonly unit = "1";
  readonly attributes: Readonly<Record<string, string>>;
  readonly #options: HealthProbeOptions;
  readonly #answer = new ReusableBuffer();

  constructor(options: HealthProbeOptions) {
    this.#options = options;
    this.attributes = { endpoint: options.url.href };
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
