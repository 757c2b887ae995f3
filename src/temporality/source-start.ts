/**
 * Whether the source's start time says that the total began anew after the stream's last point. A start before that
 * point says nothing for sure (clocks differ, some sources compute it from an uptime), nor does one at the point itself:
 * that is how "start unknown" is written (OpenTelemetry data model, resets and gaps).
 * @param startNs of the point; 0: the source does not say
 * @param knownNs the start time that the stream had before
 */
export function announcesReset(startNs: bigint, knownNs: bigint, lastNs: bigint, timeNs: bigint): boolean {
  return startNs > knownNs && startNs >= lastNs && startNs < timeNs;
}
