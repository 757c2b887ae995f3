import type { ComponentStatus, Status } from "../../component/index.ts";
import { errorText } from "../../errors/index.ts";
import type { HealthCheckConfig } from "./config.ts";

/** One status with those it is made of, in the words of the Collector's healthcheckv2. */
export interface HealthReport {
  readonly healthy: boolean;
  readonly status: string;
  readonly error?: string;
  readonly status_time: string;
  readonly components?: Readonly<Record<string, HealthReport>>;
}

export interface Health {
  readonly report: HealthReport;
  /** What an HTTP answer says. */
  readonly httpStatus: 200 | 500 | 503;
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

/** The worst first. */
const ORDER: readonly Status[] = [
  "fatal_error",
  "stopped",
  "stopping",
  "starting",
  "permanent_error",
  "recoverable_error",
  "ok",
];

type ComponentHealthConfig = HealthCheckConfig["component_health"];

/** Adds up the statuses of components. */
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
      .every(({ status }) => !["starting", "stopping", "stopped", "fatal_error"].includes(status));
  }

  get hasFailed(): boolean {
    return this.#statuses.some(({ status }) => status === "fatal_error");
  }

  /** The whole: pipelines, extensions, and whether the configuration that was read last is in force. */
  overall(verbose: boolean): Health {
    const names = new Set(this.#statuses.flatMap(({ pipelines }) => pipelines));
    const groups: [string, HealthReport][] = [
      ["extensions", this.#group(this.#statuses.filter(({ kind }) => kind === "extension"))],
      ...[...names].map((name): [string, HealthReport] => [
        `pipeline:${name}`,
        this.#group(this.#statuses.filter(({ pipelines }) => pipelines.includes(name))),
      ]),
      ["service", this.#group(this.#statuses.filter(({ kind }) => kind === "service"))],
    ];
    const counted = this.#statuses.filter(({ kind }) => kind !== "service");
    const { components: _, ...report } = this.#group(counted);
    return {
      report: verbose ? { ...report, components: Object.fromEntries(groups) } : report,
      httpStatus: this.#httpStatus(counted),
    };
  }

  /** Undefined when there is no such pipeline. */
  pipeline(name: string, verbose: boolean): Health | undefined {
    const members = this.#statuses.filter(({ pipelines }) => pipelines.includes(name));
    if (members.length === 0) return undefined;
    const { components, ...report } = this.#group(members);
    return {
      report: verbose && components !== undefined ? { ...report, components } : report,
      httpStatus: this.#httpStatus(members),
    };
  }

  #group(members: readonly ComponentStatus[]): HealthReport {
    const worst = ORDER.map((status) => members.find((member) => member.status === status)).find(
      (member) => member !== undefined,
    );
    const components = Object.fromEntries(
      members.map((member) => [`${member.kind}:${member.id}`, this.#report(member, this.#isHealthy(member))]),
    );
    const healthy = members.every((member) => this.#isHealthy(member));
    const report = this.#report(worst ?? { status: "ok", since: this.#nowMs }, healthy);
    return { ...report, components };
  }

  #report(status: Pick<ComponentStatus, "status" | "error" | "since">, healthy: boolean): HealthReport {
    return {
      healthy,
      status: NAMES[status.status],
      ...(status.error !== undefined && { error: errorText(status.error) }),
      status_time: new Date(status.since).toISOString(),
    };
  }

  #isHealthy({ kind, status, since }: ComponentStatus): boolean {
    const { include_permanent_errors, include_recoverable_errors, recovery_duration } = this.#config;
    switch (status) {
      case "ok":
        return true;
      case "recoverable_error":
        // The old configuration runs on: restarting with the bad one would make things worse.
        if (kind === "service" || !include_recoverable_errors) return true;
        return this.#nowMs - since < recovery_duration;
      case "permanent_error":
        return !include_permanent_errors;
      default:
        return false;
    }
  }

  #httpStatus(members: readonly ComponentStatus[]): Health["httpStatus"] {
    const unhealthy = members.filter((member) => !this.#isHealthy(member));
    if (unhealthy.length === 0) return 200;
    return unhealthy.some(({ status }) => status.endsWith("_error")) ? 500 : 503;
  }
}
