import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Meter } from "../../telemetry/index.ts";

/** The Collector's `otelcol_process_*` metrics of this process, and the event loop's lag, which only Node has. */
export function observeProcess(meter: Meter): { stop(): void } {
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  const counter = (name: string, unit: string, description: string, read: () => number) =>
    meter
      .createObservableCounter(name, { unit, description })
      .addCallback((result) => result.observe(read()));
  const gauge = (name: string, unit: string, description: string, read: () => number) =>
    meter.createObservableGauge(name, { unit, description }).addCallback((result) => result.observe(read()));
  counter("otelcol_process_uptime", "s", "Time since the process started.", () => process.uptime());
  counter(
    "otelcol_process_cpu_seconds",
    "s",
    "CPU time of the process, user and system, all threads.",
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  gauge("otelcol_process_memory_rss", "By", "Resident memory of the process.", () =>
    process.memoryUsage.rss(),
  );
  gauge("otelcol_process_runtime_heap_alloc_bytes", "By", "Bytes in use on the JavaScript heap.", () => {
    return getHeapStatistics().used_heap_size;
  });
  gauge(
    "otelcol_process_runtime_total_sys_memory_bytes",
    "By",
    "Heap and external memory from the system.",
    () => {
      const { heapTotal, external } = process.memoryUsage();
      return heapTotal + external;
    },
  );
  gauge(
    "otelcol_process_runtime_external_memory_bytes",
    "By",
    "Memory outside the JavaScript heap that objects hold: buffers of bodies and columns.",
    () => process.memoryUsage().external,
  );
  gauge(
    "otelcol_process_event_loop_lag",
    "s",
    "99th percentile of the event loop's lag since the last reading.",
    () => {
      // The histogram counts the sampling interval itself as delay.
      const lag = Math.max(0, (loop.percentile(99) - 20e6) / 1e9);
      loop.reset();
      return Number.isFinite(lag) ? lag : 0;
    },
  );
  return { stop: () => loop.disable() };
}
