import {
  type Clock,
  type Consumer,
  isPermanent,
  PartialError,
  RetryableError,
  sleep,
} from "../component/index.ts";
import { errorText } from "../errors/index.ts";
import type {
  ExpositionFormat,
  ExpositionLimits,
  HistogramOptions,
  ParseResult,
} from "../exposition/index.ts";
import {
  Batch,
  Column,
  ColumnBuffers,
  type InstrumentationScope,
  msToNs,
  type Resource,
  withLength,
} from "../metrics/index.ts";
import { type HttpClient, printableUrl, ReusableBuffer } from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { AttributeInterner } from "./attributes.ts";
import { type BodyOutcome, BodyReader } from "./body-reader.ts";
import { FailureLog } from "./failure-log.ts";
import type { OwnGauge } from "./layout-builder.ts";
import type { SeriesMapping } from "./mapped-table.ts";
import { type ReportOptions, reportGauges, reportValues } from "./report-gauges.ts";
import { failureFields, failureReason } from "./scrape-failure.ts";
import { bodyFormat, type ScrapeFormats, scrapeHeaders } from "./scrape-request.ts";
import { type Frame, ScrapedSeries } from "./scraped-series.ts";
import type { ScrapeTelemetry } from "./telemetry.ts";

/** A gauge that is measured beside each scrape and travels in its batch. */
export interface Probe {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Never rejects. */
  measure(): Promise<number>;
}

/** What GETs the body: a client, or one that stands for changing clients. */
export type BodySource = Pick<HttpClient, "fetchBody">;

export interface ScrapeTargetOptions {
  /** Where the metrics are. User name and password, if it has them, are sent and never shown. */
  readonly url: URL;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /**
   * Attributes of every point; a scraped label of the same name wins (Prometheus' `honor_labels: true`). With a mapping
   * they go on the scraper's own gauges only: the mapping decides about the series.
   */
  readonly attributes: Readonly<Record<string, string>>;
  /** What the scraped series become: relabelling. */
  readonly mapping?: SeriesMapping;
  /** What the target is asked for; default: text. */
  readonly formats?: ScrapeFormats;
  /** What is taken of histograms in protobuf; default: the classic part. */
  readonly histograms?: HistogramOptions;
  /** Whether timestamps in the body count; default true. */
  readonly honorTimestamps?: boolean;
  /** Whether series whose points have times of their own get stale markers too; default false. */
  readonly trackTimestampsStaleness?: boolean;
  /** Whether timeout, sample limit and body size are reported as well; default false. */
  readonly extraReport?: boolean;
  readonly timeoutMs: number;
  /** Headers for the next request that no other host may see; what it throws fails that scrape. */
  readonly credentials?: () => Promise<Readonly<Record<string, string>>>;
  /** Default true. */
  readonly followRedirects?: boolean;
  /** Decoded bytes at which a body is refused; 0 = no limit. */
  readonly bodyLimitBytes: number;
  readonly limits: ExpositionLimits;
  readonly probes: readonly Probe[];
  readonly client: Pick<HttpClient, "fetchBody">;
  readonly next: Consumer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: ScrapeTelemetry;
  /** Gives the scrape under way up: nothing is handed on, as nothing is when the process ends. */
  readonly signal: AbortSignal;
  /** How each scrape ended: the error of a failed one, undefined for a good one. */
  readonly onOutcome?: (error: unknown) => void;
}

/** Scrapes one target: fetches, parses, follows its series, hands one batch a scrape on. One scrape at a time. */
export class ScrapeTarget {
  readonly #options: ScrapeTargetOptions;
  /** What it is called in the log and in metrics. */
  readonly #name: string;
  readonly #body = new ReusableBuffer();
  readonly #reader: BodyReader;
  readonly #series: ScrapedSeries;
  readonly #buffers = new ColumnBuffers();
  readonly #ownGauges: readonly OwnGauge[];
  readonly #report: ReportOptions;
  readonly #scrapeLog: FailureLog;
  readonly #deliveryLog: FailureLog;
  readonly #holdLog: FailureLog;

  constructor(options: ScrapeTargetOptions) {
    const { attributes, limits, mapping, probes, resource, scope, logger, clock } = options;
    this.#options = options;
    this.#name = printableUrl(options.url);
    this.#reader = new BodyReader(limits, mapping, options.histograms);
    const interner = new AttributeInterner(attributes);
    const { extraReport: extra = false, timeoutMs } = options;
    this.#report = { extra, timeoutSeconds: timeoutMs / 1000, sampleLimit: limits.sampleLimit ?? 0 };
    this.#ownGauges = [
      ...reportGauges(interner.of({}), this.#report),
      ...probes.map((probe) => ({ ...probe, attributes: interner.of(probe.attributes) })),
    ];
    this.#series = new ScrapedSeries({
      resource,
      scope,
      interner: mapping === undefined ? interner : new AttributeInterner({}),
      ownGauges: this.#ownGauges,
      honorTimestamps: options.honorTimestamps ?? true,
      trackTimestampsStaleness: options.trackTimestampsStaleness ?? false,
    });
    this.#scrapeLog = new FailureLog(logger, clock, {
      failed: "Scrape failed.",
      recovered: "Scrape works again.",
    });
    this.#deliveryLog = new FailureLog(logger, clock, {
      failed: "Scraped points were refused by the pipeline and are lost.",
      recovered: "Scraped points are accepted again.",
    });
    this.#holdLog = new FailureLog(logger, clock, {
      failed: "The pipeline refuses points for now. They are kept, and no further scrape is made.",
      recovered: "The pipeline has taken the points that were kept.",
    });
    const { signal, telemetry } = options;
    signal.addEventListener("abort", () => telemetry.forgetTarget(this.#name), { once: true });
  }

  /**
   * One scrape. Never rejects: what goes wrong is counted, logged and seen in `up`.
   * @param timeMs time of its points, milliseconds since the epoch
   */
  async scrape(timeMs: number): Promise<void> {
    const { clock, probes, telemetry, onOutcome, signal } = this.#options;
    const started = clock.monotonic();
    const probing = Promise.all(probes.map((probe) => probe.measure()));
    const { outcome, bodyBytes } = await this.#fetch();
    const durationSeconds = (clock.monotonic() - started) / 1000;
    const measured = await probing;
    if (signal.aborted) return;
    const error = outcome.ok ? undefined : outcome.error;
    this.#account(outcome);
    onOutcome?.(error);

    const times: { array?: BigUint64Array } = {};
    const frame = outcome.ok
      ? this.#series.succeed(outcome.result, this.#reader.series, timeMs, (length) => {
          times.array = this.#buffers.takeTimes(length);
          return times.array;
        })
      : this.#series.fail(outcome.partial?.seen);
    this.#countDrops(frame, outcome.ok ? outcome.result : undefined);

    const samples = outcome.ok ? outcome.result.samples : (outcome.partial?.samples ?? 0);
    const values = withLength(outcome.values, frame.ownSlot + this.#ownGauges.length);
    const report = reportValues(
      {
        up: outcome.ok,
        durationSeconds,
        samplesScraped: samples,
        samplesPostRelabeling: outcome.kept,
        seriesAdded: frame.seriesAdded,
        bodyBytes,
      },
      this.#report,
    );
    values.set(report.concat(measured), frame.ownSlot);
    await this.#send(frame, timeMs, values, times.array);
    if (outcome.ok) this.#compact(outcome.result.missing);
    telemetry.scraped(outcome.ok ? samples : 0);
    if (signal.aborted) return;
    telemetry.target(this.#name, {
      durationSeconds,
      samples,
      series: this.#reader.width,
      predictedShare: outcome.ok ? outcome.result.predicted / Math.max(1, samples) : 0,
    });
  }

  /**
   * The target is gone for good: stale markers for all that it has downstream, the scraper's own gauges included. No
   * scrape may be under way, and none may follow.
   */
  async end(timeMs: number): Promise<void> {
    const frame = this.#series.end();
    await this.#send(frame, timeMs, this.#takeValues(), undefined);
    this.#options.telemetry.forgetTarget(this.#name);
  }

  async #fetch(): Promise<{ readonly outcome: BodyOutcome; readonly bodyBytes: number }> {
    const { client, url, timeoutMs, bodyLimitBytes, signal, credentials, followRedirects } = this.#options;
    const { formats = {} } = this.#options;
    let length: number;
    let format: ExpositionFormat;
    try {
      const fetched = await client.fetchBody({
        url,
        headers: scrapeHeaders(timeoutMs, formats),
        credentials: (await credentials?.()) ?? {},
        timeoutMs,
        bodyLimitBytes,
        into: this.#body,
        signal,
        followRedirects: followRedirects ?? true,
      });
      format = bodyFormat(fetched.contentType, fetched.length, formats.fallback);
      length = fetched.length;
    } catch (error) {
      const bodyBytes = failureReason(error) === "body_limit" ? -1 : 0;
      const outcome = { ok: false, error, partial: undefined, values: this.#takeValues(), kept: 0 } as const;
      return { outcome, bodyBytes };
    }
    const outcome = this.#reader.read(this.#body.bytes, length, this.#takeValues(), format);
    if (!outcome.ok) this.#learnt();
    return { outcome, bodyBytes: length };
  }

  #takeValues(): Float64Array {
    return this.#buffers.takeValues(this.#reader.width + this.#ownGauges.length);
  }

  async #send(
    { layout, presence, startTimes, extras }: Frame,
    timeMs: number,
    values: Float64Array,
    times: BigUint64Array | undefined,
  ): Promise<void> {
    const column = new Column({ values, presence, timeNs: msToNs(timeMs), times, startTimes, extras });
    await this.#hand(Batch.fromColumns(layout, column));
    if (!column.retained) this.#buffers.recycle(values, times);
  }

  /** A refused body leaves the series it brought in the table, but nobody has translated them yet. */
  #learnt(): void {
    if (this.#reader.width > this.#series.width) this.#series.metadataChanged();
  }

  async #hand(batch: Batch): Promise<void> {
    const { telemetry } = this.#options;
    const points = batch.pointCount;
    try {
      await this.#offer(batch, points);
      telemetry.accepted(points);
    } catch (error) {
      const refused = error instanceof PartialError ? Math.min(error.rejected, points) : points;
      telemetry.refused(refused, isPermanent(error) ? "permanent" : "retryable");
      telemetry.accepted(points - refused);
      const cause = errorText(error);
      this.#deliveryLog.failed(cause, { ...this.#target, points: refused, error: cause });
      if (!(error instanceof PartialError)) return;
      this.#series.commit();
      return;
    }
    this.#deliveryLog.succeeded();
    this.#series.commit();
  }

  /**
   * A refusal that says when to come again is one of a pipeline that is short of memory: the batch is kept for it, and
   * the schedule makes no scrape meanwhile. Once the signal fires it is refused for good.
   */
  async #offer(batch: Batch, points: number): Promise<void> {
    const { next, telemetry, clock, signal } = this.#options;
    for (;;) {
      try {
        await next.consume(batch);
        this.#holdLog.succeeded();
        return;
      } catch (error) {
        const waitMs = error instanceof RetryableError ? error.retryAfterMs : undefined;
        if (waitMs === undefined || signal.aborted) throw error;
        telemetry.refused(points, "retryable");
        this.#holdLog.failed(errorText(error), { ...this.#target, points, error });
        await sleep(clock, waitMs, signal);
      }
    }
  }

  #account(outcome: BodyOutcome): void {
    if (outcome.ok) {
      this.#scrapeLog.succeeded();
      return;
    }
    const { error, partial } = outcome;
    this.#options.telemetry.failed(failureReason(error));
    this.#options.telemetry.errored(partial?.samples ?? 0);
    const fields = failureFields(error);
    this.#scrapeLog.failed(JSON.stringify(fields), { ...this.#target, ...fields });
  }

  #countDrops({ malformed, shadowed, timestamps }: Frame, result: ParseResult | undefined): void {
    const { telemetry } = this.#options;
    telemetry.errored(malformed);
    telemetry.dropped(malformed, "malformed");
    telemetry.dropped(timestamps.duplicate + shadowed + (result?.duplicates ?? 0), "duplicate");
    telemetry.dropped(timestamps.outOfOrder, "out_of_order");
    telemetry.dropped(timestamps.future, "future");
  }

  #compact(missing: number): void {
    const slots = this.#reader.compact(missing);
    if (slots !== undefined) this.#series.renumber(slots, this.#reader.series);
  }

  get #target(): { readonly target: string } {
    return { target: this.#name };
  }
}
