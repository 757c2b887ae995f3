import type { Consumer } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";

/** Passes on what a component hands to the next one, and remembers whose fault an error was. */
export class Downstream implements Consumer {
  readonly #next: Consumer | undefined;
  readonly #errors = new WeakSet<object>();
  /** Calls that are under way: time spent in them is not the component's. */
  active = 0;
  calls = 0;

  constructor(next: Consumer | undefined) {
    this.#next = next;
  }

  /** Whether an error came from further down. */
  gave(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#errors.has(error);
  }

  /** @throws TypeError when plain objects are no batch; what comes next could only fail without saying whose fault it is */
  async consume(batch: Batch): Promise<void> {
    const fault = batch.isColumnar ? undefined : faultOf(batch.resourceMetrics);
    if (fault !== undefined) throw new TypeError(`what was handed on is no batch: ${fault}`);
    this.active++;
    this.calls++;
    try {
      await this.#next?.consume(batch);
    } catch (error) {
      if (typeof error === "object" && error !== null) this.#errors.add(error);
      throw error;
    } finally {
      this.active--;
    }
  }
}

/** What is wrong with the outer shape; points are not looked at. */
function faultOf(batch: unknown): string | undefined {
  if (!Array.isArray(batch)) return "it must be an array of resource metrics";
  for (const [i, one] of batch.entries()) {
    const at = `[${i}]`;
    if (typeof one?.resource?.attributes !== "object") return `${at}.resource.attributes must be an object`;
    if (!Array.isArray(one.scopeMetrics)) return `${at}.scopeMetrics must be an array`;
    for (const [j, scope] of one.scopeMetrics.entries()) {
      if (!Array.isArray(scope?.metrics)) return `${at}.scopeMetrics[${j}].metrics must be an array`;
      const k = scope.metrics.findIndex(
        (metric: unknown) => !isMetric(metric as Readonly<Record<string, unknown>> | null | undefined),
      );
      if (k >= 0)
        return `${at}.scopeMetrics[${j}].metrics[${k}] must have descriptor, dataPointType and dataPoints`;
    }
  }
  return undefined;
}

function isMetric(metric: Readonly<Record<string, unknown>> | null | undefined): boolean {
  return (
    typeof metric?.["descriptor"] === "object" &&
    typeof metric["dataPointType"] === "number" &&
    Array.isArray(metric["dataPoints"])
  );
}
