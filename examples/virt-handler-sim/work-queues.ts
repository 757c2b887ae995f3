import { Histogram } from "./histogram.ts";
import type { Random } from "./random.ts";
import type { Family } from "./text-format.ts";
import { sampleLine } from "./text-format.ts";

/** Go's ExponentialBuckets(1e-8, 10, 10) multiplies step by step, which is where the crooked bounds come from. */
const BOUNDS = [
  1e-8, 1e-7, 1e-6, 9.999999999999999e-6, 9.999999999999999e-5, 0.001, 0.01, 0.1, 1, 10,
] as const;
const QUEUES = [
  "virt-handler-node-labeller",
  "virt-handler-source",
  "virt-handler-target",
  "virt-handler-vm",
];

interface WorkQueue {
  readonly name: string;
  readonly waits: Histogram;
  readonly work: Histogram;
  adds: number;
  retries: number;
  depth: number;
  longestRunning: number;
  unfinished: number;
}

/** The work queues of virt-handler's controllers; a process restart makes new ones. */
export class WorkQueues {
  readonly #queues: readonly WorkQueue[] = QUEUES.map((name) => ({
    name,
    waits: new Histogram(BOUNDS),
    work: new Histogram(BOUNDS),
    adds: 0,
    retries: 0,
    depth: 0,
    longestRunning: 0,
    unfinished: 0,
  }));

  advance(seconds: number, vms: number, random: Random): void {
    for (const queue of this.#queues) {
      const busy = queue.name === "virt-handler-vm" ? vms * 0.05 : 0.05;
      const items = random.around(busy * seconds);
      queue.adds += items;
      queue.retries += random.around(items * 0.02);
      // Enough for the shape of the distributions; a long absence need not be played item by item.
      for (let item = 0; item < Math.min(items, 50); item++) {
        queue.waits.observe(random.duration(-6.5, -3));
        queue.work.observe(random.duration(-3.2, -0.5));
      }
      queue.depth = random.chance(0.2) ? random.integer(1, 3) : 0;
      queue.longestRunning = random.chance(0.15) ? random.between(0.001, 0.4) : 0;
      queue.unfinished = queue.longestRunning;
    }
  }

  families(): readonly Family[] {
    const each = (name: string, read: (queue: WorkQueue) => number) => (): string =>
      this.#queues.map((queue) => sampleLine(name, [["name", queue.name]], read(queue))).join("");
    const histogram = (name: string, read: (queue: WorkQueue) => Histogram) => (): string =>
      this.#queues.map((queue) => read(queue).lines(name, [["name", queue.name]])).join("");
    return [
      {
        name: "kubevirt_workqueue_adds_total",
        type: "counter",
        help: "Items put into the work queue.",
        lines: each("kubevirt_workqueue_adds_total", (queue) => queue.adds),
      },
      {
        name: "kubevirt_workqueue_depth",
        type: "gauge",
        help: "Items waiting in the work queue now.",
        lines: each("kubevirt_workqueue_depth", (queue) => queue.depth),
      },
      {
        name: "kubevirt_workqueue_longest_running_processor_seconds",
        type: "gauge",
        help: "Seconds that the longest running worker of the queue has been busy with its item.",
        lines: each("kubevirt_workqueue_longest_running_processor_seconds", (queue) => queue.longestRunning),
      },
      {
        name: "kubevirt_workqueue_queue_duration_seconds",
        type: "histogram",
        help: "Seconds an item waited in the work queue before a worker took it.",
        lines: histogram("kubevirt_workqueue_queue_duration_seconds", (queue) => queue.waits),
      },
      {
        name: "kubevirt_workqueue_retries_total",
        type: "counter",
        help: "Items put back into the work queue after a failed attempt.",
        lines: each("kubevirt_workqueue_retries_total", (queue) => queue.retries),
      },
      {
        name: "kubevirt_workqueue_unfinished_work_seconds",
        type: "gauge",
        help: "Seconds of work under way that work_duration has not seen yet; it keeps rising when a worker hangs.",
        lines: each("kubevirt_workqueue_unfinished_work_seconds", (queue) => queue.unfinished),
      },
      {
        name: "kubevirt_workqueue_work_duration_seconds",
        type: "histogram",
        help: "Seconds a worker needed for an item.",
        lines: histogram("kubevirt_workqueue_work_duration_seconds", (queue) => queue.work),
      },
    ];
  }
}
