import type { ComponentStatus, Status } from "../../component/index.ts";
import { shownError } from "../../config/index.ts";
import type { ComponentHealthConfig } from "./config.ts";

/** One status with those it is made of, in the words of the Collector's healthcheckv2. */
export interface HealthReport {
  readonly healthy: boolean;
  readonly status: string;
  readonly error?: string;
  readonly status_time: string;
  readonly components?: Readonly<Record<string, HealthReport>>;
}

/** How a part of the collector is. */
export interface Health {
  readonly healthy: boolean;
  /** What an HTTP answer says. */
  readonly httpStatus: 200 | 500 | 503;
  /** When it is no longer healthy if nothing happens until then, in milliseconds since the epoch. */
  readonly healthyUntil: number | undefined;
  /** `verbose`: with the parts that it is made of. */
  report(verbose: boolean): HealthReport;
}

const NAMES: Readonly<Record<Status, string>> = {
  starting: "StatusStarting",
  ok: "StatusOK",
  recoverable_error: "StatusRecoverableError",
  permanent_error: "StatusPermanentError",
  fatal_error: "StatusFatalError",
  stopping: "StatusStopping",
  stopped: "StatusStopped",
};

type Event = Pick<ComponentStatus, "status" | "since" | "error">;
type Reports = Readonly<Record<string, HealthReport>>;

const LIFE_CYCLE: ReadonlySet<Status> = new Set(["starting", "stopping", "stopped"]);

/** Adds up the statuses of components as the Collector does. */
export class HealthView {
  readonly #config: ComponentHealthConfig;
  readonly #statuses: readonly ComponentStatus[];
  readonly #nowMs: number;

  constructor(config: ComponentHealthConfig, statuses: readonly ComponentStatus[], nowMs: number) {
    this.#config = config;
    this.#statuses = statuses;
    this.#nowMs = nowMs;
  }

  /** Whether every part of the pipelines has been started and none is being stopped. */
  get isRunning(): boolean {
    return this.#statuses
      .filter(({ pipelines }) => pipelines.length > 0)
      .every(({ status }) => !LIFE_CYCLE.has(status) && status !== "fatal_error");
  }

  get hasFailed(): boolean {
    return this.#statuses.some(({ status }) => status === "fatal_error");
  }

  /** Of the whole (`""`), of the `extensions`, or of a pipeline by its ID; undefined when there is no such pipeline. */
  of(scope: string): Health | undefined {
    // Whether the configuration that was read last is in force is shown, and does not count: the old one runs on, and
    // a restart with the bad one would make things worse.
    if (scope === "") return this.#health(this.#statuses.filter(not("service")), () => this.#groups());
    const members = this.#statuses.filter(scope === "extensions" ? is("extension") : isPartOf(scope));
    return members.length === 0 ? undefined : this.#health(members, () => this.#components(members));
  }

  #groups(): Reports {
    const pipelines = new Set(this.#statuses.flatMap(({ pipelines }) => pipelines));
    return {
      extensions: this.#group(is("extension")),
      ...Object.fromEntries([...pipelines].map((id) => [`pipeline:${id}`, this.#group(isPartOf(id))])),
      service: this.#group(is("service")),
    };
  }

  #group(belongs: (member: ComponentStatus) => boolean): HealthReport {
    const members = this.#statuses.filter(belongs);
    return this.#health(members, () => this.#components(members)).report(true);
  }

  #components(members: readonly ComponentStatus[]): Reports {
    return Object.fromEntries(
      members.map((member) => [`${member.kind}:${member.id}`, this.#health([member]).report(true)]),
    );
  }

  #health(members: readonly ComponentStatus[], components?: () => Reports): Health {
    const { status, since, error } = this.#sum(members);
    const lasts = members.every(is("service")) ? Number.POSITIVE_INFINITY : this.#healthyFor(status);
    const healthy = lasts > 0 && this.#nowMs - since < lasts;
    return {
      healthy,
      httpStatus: healthy ? 200 : LIFE_CYCLE.has(status) ? 503 : 500,
      healthyUntil: healthy && Number.isFinite(lasts) ? since + lasts : undefined,
      report: (verbose) => ({
        healthy,
        status: NAMES[status],
        ...(error !== undefined && { error: shownError(error) }),
        status_time: new Date(since).toISOString(),
        ...(verbose && components !== undefined && { components: components() }),
      }),
    };
  }

  /**
   * The status that matters most. An error is as old as its first occurrence, so that another one later gives it no more
   * time to recover; anything else is as old as the last change.
   */
  #sum(members: readonly ComponentStatus[]): Event {
    const status = this.#worst(new Set(members.map((member) => member.status)));
    const bySince = members.toSorted((a, b) => a.since - b.since);
    const first = status.endsWith("_error") ? bySince.find((member) => member.status === status) : undefined;
    return first ?? { status, since: bySince.at(-1)?.since ?? this.#nowMs };
  }

  #worst(present: ReadonlySet<Status>): Status {
    const [first = "ok"] = present;
    if (present.size <= 1) return first;
    const { include_permanent_errors, include_recoverable_errors } = this.#config;
    const errors = ["permanent_error", "recoverable_error"] as const;
    // The one that counts goes before the one that does not.
    const isReversed = include_recoverable_errors && !include_permanent_errors;
    const order: readonly Status[] = [
      "fatal_error",
      "starting",
      "stopping",
      "stopped",
      ...(isReversed ? errors.toReversed() : errors),
    ];
    const worst = order.find((status) => present.has(status)) ?? first;
    // As long as something else is not.
    return worst === "stopped" ? "stopping" : worst;
  }

  /** How long a component may have a status until that makes it unhealthy, in milliseconds. */
  #healthyFor(status: Status): number {
    const { include_permanent_errors, include_recoverable_errors, recovery_duration } = this.#config;
    switch (status) {
      case "ok":
        return Number.POSITIVE_INFINITY;
      case "recoverable_error":
        return include_recoverable_errors ? recovery_duration : Number.POSITIVE_INFINITY;
      case "permanent_error":
        return include_permanent_errors ? 0 : Number.POSITIVE_INFINITY;
      default:
        return 0;
    }
  }
}

const is =
  (wanted: ComponentStatus["kind"]) =>
  ({ kind }: ComponentStatus): boolean =>
    kind === wanted;

const not =
  (unwanted: ComponentStatus["kind"]) =>
  ({ kind }: ComponentStatus): boolean =>
    kind !== unwanted;

const isPartOf =
  (pipeline: string) =>
  ({ pipelines }: ComponentStatus): boolean =>
    pipelines.includes(pipeline);
