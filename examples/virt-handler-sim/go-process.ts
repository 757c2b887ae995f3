import type { Random } from "./random.ts";
import type { Family, Labels, MetricType } from "./text-format.ts";
import { sampleLine } from "./text-format.ts";

const MIB = 1_048_576;
/** The heap grows in pages of this size. */
const SPAN = 8192;

/** The Go runtime, the operating system process and the scrape handler of one run of virt-handler. */
export class GoProcess {
  /** Scrapes being served now. */
  inFlight = 0;
  /** Scrapes answered so far, by status; client_golang shows these three from the start. */
  readonly answered: Record<"200" | "500" | "503", number> = { "200": 0, "500": 0, "503": 0 };

  readonly #startMs: number;
  #nowMs: number;
  #cpuSeconds = 0.16;
  #allocated = 7_663_680;
  #objectsMade = 50_652;
  #objectsFreed = 23_499;
  #heapInUse = 12 * MIB;
  #goroutines = 56;
  #lastGcMs: number;
  #pauses: readonly number[] = [0.000184119, 0.000376906, 0.000381422];
  #pauseSum = 0.000942447;
  #collections = 3;
  #receivedBytes = 1_459_309;
  #sentBytes = 318_909;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#lastGcMs = startMs;
  }

  advance(seconds: number, vms: number, random: Random): void {
    this.#nowMs += seconds * 1000;
    this.#cpuSeconds += seconds * random.between(0.005, 0.03);
    this.#allocated += random.around((40_000 + vms * 4000) * seconds);
    const made = random.around((900 + vms * 60) * seconds);
    this.#objectsMade += made;
    this.#objectsFreed += Math.floor(made * 0.99);
    const spans = this.#heapInUse / SPAN + random.integer(-128, 128);
    this.#heapInUse = Math.min(64 * MIB, Math.max(8 * MIB, spans * SPAN));
    this.#goroutines = 56 + random.integer(0, 12);
    this.#receivedBytes += random.around(9000 * seconds);
    this.#sentBytes += random.around(21_000 * seconds);
    if (random.chance(Math.min(1, seconds / 20))) {
      const pause = random.integer(40_000, 400_000) / 1e9;
      this.#pauses = [...this.#pauses.slice(-255), pause];
      this.#pauseSum += pause;
      this.#collections++;
      this.#lastGcMs = this.#nowMs;
    }
  }

  families(): readonly Family[] {
    const heapSys = 80 * MIB;
    const scalar = (name: string, type: MetricType, help: string, read: () => number): Family => ({
      name,
      type,
      help,
      lines: () => sampleLine(name, [], read()),
    });
    const labelled = (name: string, help: string, labels: Labels): Family => ({
      name,
      type: "gauge",
      help,
      lines: () => sampleLine(name, labels, 1),
    });
    const bytes = (name: string, what: string, read: () => number): Family =>
      scalar(`go_memstats_${name}_bytes`, "gauge", `Bytes ${what}.`, read);
    const heapAlloc = (): number => Math.round(this.#heapInUse * 0.8);
    const answers = "promhttp_metric_handler_requests_total";
    return [
      {
        name: "go_gc_duration_seconds",
        type: "summary",
        help: "Seconds the program stood still for a garbage collection.",
        lines: () => this.#gcLines("go_gc_duration_seconds"),
      },
      scalar("go_gc_gogc_percent", "gauge", "Heap growth that starts a collection (GOGC).", () => 100),
      // math.MaxInt64, that is no limit; as a double it is 2^63.
      scalar(
        "go_gc_gomemlimit_bytes",
        "gauge",
        "Memory limit of the Go runtime (GOMEMLIMIT).",
        () => 2 ** 63,
      ),
      scalar("go_goroutines", "gauge", "Goroutines that exist now.", () => this.#goroutines),
      labelled("go_info", "The Go version the program was built with.", [["version", GO_VERSION]]),
      bytes("alloc", "allocated on the heap and in use", heapAlloc),
      scalar(
        "go_memstats_alloc_bytes_total",
        "counter",
        "Bytes allocated on the heap so far, freed ones included.",
        () => this.#allocated,
      ),
      bytes("buck_hash_sys", "used by the profiler's hash table", () => 7638),
      scalar("go_memstats_frees_total", "counter", "Heap objects freed so far.", () => this.#objectsFreed),
      bytes("gc_sys", "used by the garbage collector itself", () => 3_291_112),
      bytes("heap_alloc", "allocated on the heap and in use, the same as alloc_bytes", heapAlloc),
      bytes("heap_idle", "of the heap waiting to be used", () => heapSys - this.#heapInUse),
      bytes("heap_inuse", "of the heap in use", () => this.#heapInUse),
      scalar(
        "go_memstats_heap_objects",
        "gauge",
        "Heap objects alive now.",
        () => this.#objectsMade - this.#objectsFreed,
      ),
      bytes("heap_released", "of the heap given back to the system", () => 950_272),
      bytes("heap_sys", "of heap taken from the system", () => heapSys),
      scalar(
        "go_memstats_last_gc_time_seconds",
        "gauge",
        "When the last garbage collection ended, in seconds since 1970.",
        () => this.#lastGcMs / 1000,
      ),
      scalar(
        "go_memstats_mallocs_total",
        "counter",
        "Heap objects made so far, dead ones included.",
        () => this.#objectsMade,
      ),
      bytes("mcache_inuse", "in use by mcache structures", () => 2400),
      bytes("mcache_sys", "taken from the system for mcache structures", () => 15_600),
      bytes("mspan_inuse", "in use by mspan structures", () => 96_000),
      bytes("mspan_sys", "taken from the system for mspan structures", () => 97_920),
      bytes("next_gc", "of heap at which the next collection starts", () => this.#heapInUse * 2),
      bytes("other_sys", "taken from the system for other purposes", () => 740_066),
      bytes("stack_inuse", "in use by stacks", () => 786_432),
      bytes("stack_sys", "taken from the system for stacks", () => 786_432),
      bytes("sys", "taken from the system in total", () => heapSys + 4_938_768),
      scalar("go_sched_gomaxprocs_threads", "gauge", "Threads that may run Go code at once.", () => 2),
      scalar("go_threads", "gauge", "Threads of the operating system.", () => 9),
      scalar(
        "process_cpu_seconds_total",
        "counter",
        "CPU time of the process, user and system, in seconds.",
        // The kernel counts in ticks of 10 ms.
        () => Math.floor(this.#cpuSeconds * 100) / 100,
      ),
      scalar("process_max_fds", "gauge", "File descriptors the process may open.", () => 1_048_576),
      scalar(
        "process_network_receive_bytes_total",
        "counter",
        "Bytes the process received over the network.",
        () => this.#receivedBytes,
      ),
      scalar(
        "process_network_transmit_bytes_total",
        "counter",
        "Bytes the process sent over the network.",
        () => this.#sentBytes,
      ),
      scalar("process_open_fds", "gauge", "File descriptors open now.", () => 16),
      scalar(
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the process that is in RAM.",
        () => this.#heapInUse + 48 * MIB,
      ),
      scalar(
        "process_start_time_seconds",
        "gauge",
        "When the process started, in seconds since 1970.",
        // Known to the tick only, as in Linux' /proc.
        () => Math.floor(this.#startMs / 10) / 100,
      ),
      scalar("process_virtual_memory_bytes", "gauge", "Address space of the process.", () => 1_301_987_328),
      // math.MaxUint64, that is no limit.
      scalar(
        "process_virtual_memory_max_bytes",
        "gauge",
        "Address space the process may use.",
        () => 2 ** 64,
      ),
      scalar(
        "promhttp_metric_handler_requests_in_flight",
        "gauge",
        "Scrapes being served now.",
        () => this.inFlight,
      ),
      {
        name: answers,
        type: "counter",
        help: "Scrapes answered, by HTTP status.",
        lines: () =>
          Object.entries(this.answered)
            .map(([code, count]) => sampleLine(answers, [["code", code]], count))
            .join(""),
      },
      labelled("kubevirt_info", "The version of KubeVirt and of Go.", [
        ["goversion", GO_VERSION],
        ["kubeversion", "v1.9.0"],
      ]),
    ];
  }

  #gcLines(name: string): string {
    const sorted = [...this.#pauses].sort((a, b) => a - b);
    let text = "";
    for (const quantile of [0, 0.25, 0.5, 0.75, 1]) {
      const value = sorted[Math.round(quantile * (sorted.length - 1))] ?? 0;
      text += sampleLine(name, [["quantile", String(quantile)]], value);
    }
    return (
      text +
      sampleLine(`${name}_sum`, [], this.#pauseSum) +
      sampleLine(`${name}_count`, [], this.#collections)
    );
  }
}

const GO_VERSION = "go1.26.1";
