import { Exposition, World } from "../../examples/virt-handler-sim/index.ts";

/** Four scrapes of a virt-handler with three machines; in the last one the series of one family are gone. */
export function virtHandlerBodies(): readonly string[] {
  let now = 1_760_000_000_000;
  const world = new World({ vms: 3, node: "node01", seed: 1, lively: false, clock: () => now });
  const exposition = new Exposition(world);
  const bodies = Array.from({ length: 3 }, () => {
    now += 15_000;
    return exposition.scrape();
  });
  const last = bodies.at(-1) ?? "";
  return [...bodies, last.replaceAll(/^.*kubevirt_vmi_memory_.*\n/gm, "")];
}

/** Whatever text 0.0.4 can say, the odd with the usual. */
export const classicBodies: readonly string[] = [
  `# HELP requests_total Requests, with a \\\\ and a\\nnew line.
# TYPE requests_total counter
requests_total{method="GET",path="/a\\"b\\\\c\\nd"} 1027
requests_total{method="POST",path=""} 3
requests_total{} 1e3
# TYPE temperature_celsius gauge
temperature_celsius{room="ü €"} -3.5
temperature_celsius{room="infinite"} +Inf
temperature_celsius{room="minus"} -Inf
temperature_celsius{room="none"} NaN
temperature_celsius{room="tiny"} 4.9e-324
temperature_celsius{room="huge"} 1.7976931348623157e308
without_type 12
without_type{a="b"} 1.6E+1
# TYPE said_untyped untyped
said_untyped 1
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 1
latency_seconds_bucket{le="0.5"} 4
latency_seconds_bucket{le="+Inf"} 6
latency_seconds_sum 7.25
latency_seconds_count 6
# TYPE no_sum_seconds histogram
no_sum_seconds_bucket{le="1"} 2
no_sum_seconds_bucket{le="+Inf"} 3
no_sum_seconds_count 3
# TYPE sizes_bytes summary
sizes_bytes{quantile="0.5"} 10
sizes_bytes{quantile="0.99"} 99.5
sizes_bytes_sum 1000
sizes_bytes_count 40
# TYPE empty_summary summary
empty_summary_sum 0
empty_summary_count 0
# TYPE target_info gauge
target_info{cluster="c1",k8s_node_name="node01"} 1
# TYPE scoped_total counter
scoped_total{otel_scope_name="lib",otel_scope_version="1.2"} 5
`,
  `# TYPE requests_total counter
requests_total{method="GET",path="/a\\"b\\\\c\\nd"} 5
requests_total{} 1e3
# TYPE temperature_celsius gauge
temperature_celsius{room="ü €"} 21
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 1
latency_seconds_bucket{le="0.5"} 5
latency_seconds_bucket{le="+Inf"} 8
latency_seconds_sum 9
latency_seconds_count 8
`,
];

/** What OpenMetrics has beyond the classic text. */
export const openMetricsBodies: readonly string[] = [
  `# HELP jobs Jobs done.
# TYPE jobs counter
jobs_total{queue="a"} 17 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331",shard="1"} 1 1760000000.5
jobs_created{queue="a"} 1.7599999e+09
jobs_total{queue="b"} 3 # {user="x"} 0.25
jobs_created{queue="b"} 1759999990.25
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{le="0.1"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.05
latency_seconds_bucket{le="1.0"} 4
latency_seconds_bucket{le="+Inf"} 6 # {} 7.5 1760000001
latency_seconds_sum 12.5
latency_seconds_count 6
latency_seconds_created 1.7599999e+09
# TYPE build info
build_info{version="1.2.3"} 1
# TYPE phase stateset
phase{phase="Running"} 1
phase{phase="Failed"} 0
# TYPE depth_bytes gauge
# UNIT depth_bytes bytes
depth_bytes 5
# TYPE mystery unknown
mystery 4.5
# TYPE sizes_bytes summary
# UNIT sizes_bytes bytes
sizes_bytes{quantile="0.5"} 10
sizes_bytes_sum 1000
sizes_bytes_count 40
sizes_bytes_created 1.7599999e+09
# TYPE waiting gaugehistogram
waiting_bucket{le="1.0"} 2
waiting_bucket{le="+Inf"} 5
waiting_gcount 5
waiting_gsum 9.5
# EOF
`,
];

/** Fine, then broken after some samples, then fine again. */
export const brokenBodies: readonly string[] = [
  "a 1\nb 2\n",
  "a 1\nb 2\nc 3\nthis is no sample\n",
  "a 1\nb 2\n",
];
