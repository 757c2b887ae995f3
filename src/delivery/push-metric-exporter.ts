import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { PartialError, PermanentError } from "../component/index.ts";
import { errorText } from "../errors/index.ts";
import { type Batch, toSdk } from "../metrics/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { DeliveryOptions } from "./delivery-options.ts";
import { type DeliveryRequest, RemainderError } from "./retry-sender.ts";

/** A batch as the SDK's objects; each is one `export` call. */
export interface SdkRequest extends DeliveryRequest {
  readonly resourceMetrics: readonly ResourceMetrics[];
  /** Points (among `points`) that earlier attempts found refused for good. */
  readonly refused: number;
}

/**
 * Any `PushMetricExporter` of the OpenTelemetry SDK as the `encode` and `send` of a {@link DeliveryChain}. What the
 * SDK's objects have no place for is left out, counted as `unsupported` and logged once: see `toSdk`.
 *
 * A failed export is retried, unless its error carries an HTTP status in `code` (as `OTLPExporterError` does) that
 * OTLP does not allow to retry; resources already delivered are not sent again. The owner shuts the exporter down after
 * the chain.
 *
 * @example
 * const chain = new DeliveryChain({
 *   ...wrapPushMetricExporter(new OTLPMetricExporter({ url }), logger),
 *   settings, queue: config.sending_queue, retry: config.retry_on_failure, timeoutMs: config.timeout,
 * });
 */
export function wrapPushMetricExporter(
  exporter: PushMetricExporter,
  logger: Logger,
): Pick<DeliveryOptions<SdkRequest>, "encode" | "send" | "leavesOut" | "format"> {
  let warned = false;
  return {
    leavesOut: true,
    format: "sdk",
    encode(batches: readonly Batch[]): SdkRequest {
      const { resourceMetrics, dropped } = toSdk(batches.flatMap((batch) => batch.resourceMetrics));
      if (dropped > 0 && !warned) {
        warned = true;
        logger.warn(
          "Some data points have no place in the SDK's data model. They are left out and counted.",
          {
            dropped_items: dropped,
          },
        );
      }
      const points = batches.reduce((sum, { pointCount }) => sum + pointCount, 0) - dropped;
      return { resourceMetrics, points, bytes: points * POINT_BYTES, unsupported: dropped, refused: 0 };
    },
    async send(request, signal) {
      const { resourceMetrics } = request;
      let { refused } = request;
      let refusal: Error | undefined;
      for (const [index, one] of resourceMetrics.entries()) {
        if (pointsOf([one]) === 0) continue;
        const error = signal.aborted ? (signal.reason as Error) : await exportOne(exporter, one);
        if (error === undefined) continue;
        if (isRefusal(error)) {
          refused += pointsOf([one]);
          refusal = error;
          continue;
        }
        if (index === 0) throw error;
        const rest = resourceMetrics.slice(index);
        const points = pointsOf(rest) + refused;
        throw new RemainderError(
          errorText(error),
          { resourceMetrics: rest, points, bytes: points * POINT_BYTES, refused },
          { cause: error },
        );
      }
      if (refused === 0) return;
      const text = refusal === undefined ? "some resources were refused before" : errorText(refusal);
      if (refused === request.points) throw new PermanentError(text, { cause: refusal });
      throw new PartialError(text, refused, { cause: refusal });
    },
  };
}

/** What a point costs as SDK objects, measured; for the `bytes` sizer. */
const POINT_BYTES = 185;

function exportOne(exporter: PushMetricExporter, metrics: ResourceMetrics): Promise<Error | undefined> {
  return new Promise((resolve) => {
    exporter.export(metrics, ({ code, error }: ExportResult) =>
      resolve(
        code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error("the exporter gave no reason")),
      ),
    );
  });
}

const RETRYABLE = new Set([429, 502, 503, 504]);

function isRefusal(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "number" && code >= 300 && code < 600 && !RETRYABLE.has(code);
}

function pointsOf(resourceMetrics: readonly ResourceMetrics[]): number {
  let points = 0;
  for (const { scopeMetrics } of resourceMetrics) {
    for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) points += dataPoints.length;
  }
  return points;
}
