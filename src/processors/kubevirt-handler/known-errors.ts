/** A release of KubeVirt: major, minor, patch. */
export type Release = readonly [number, number, number];

/** Undefined for what is no release, such as "devel". A pre-release counts as the release it precedes. */
export function parseRelease(version: string): Release | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+.].*)?$/.exec(version);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** A family that some releases expose with values of another unit than its name says. */
interface KnownError {
  readonly family: string;
  readonly since: Release;
  readonly before: Release;
  /** By what the values have to be divided. */
  readonly divisor: number;
  /** Only releases with the error use this name: it holds where the release is not known, too. */
  readonly byName: boolean;
}

const KNOWN_ERRORS: readonly KnownError[] = [
  // kubevirt#13731: nanoseconds were divided by 10^6.
  {
    family: "kubevirt_vmi_vcpu_seconds_total",
    since: [1, 3, 0],
    before: [1, 6, 0],
    divisor: 1000,
    byName: false,
  },
  // Whole milliseconds, until the name got its _total.
  {
    family: "kubevirt_vmi_vcpu_wait_seconds",
    since: [0, 0, 0],
    before: [1, 1, 0],
    divisor: 1000,
    byName: true,
  },
];

/** By what the values of a family are too large in a release; 1 for those that are right. */
export function errorFactor(family: string, release: Release | undefined): number {
  const error = KNOWN_ERRORS.find((known) => known.family === family);
  if (error === undefined) return 1;
  const applies = release === undefined ? error.byName : isWithin(release, error.since, error.before);
  return applies ? error.divisor : 1;
}

/** Why a release lacks documented metrics that others have. */
export function explainMissing(missing: readonly string[], release: Release | undefined): string | undefined {
  const noQueues = release !== undefined && isWithin(release, [1, 3, 0], [1, 6, 1]);
  if (!noQueues || !missing.some((name) => name.includes(".workqueue."))) return undefined;
  return "KubeVirt v1.3.0 to v1.6.0 exposes no work queue metrics (kubevirt#15444)";
}

function isWithin(release: Release, since: Release, before: Release): boolean {
  return compare(release, since) >= 0 && compare(release, before) < 0;
}

function compare(a: Release, b: Release): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}
