import type { DocumentedFamily } from "../documented-set.ts";
import { familiesOf } from "./families.ts";

/** Every component has these of its own work queues. */
export function workQueues(prefix: string): readonly DocumentedFamily[] {
  const { gauge, count, histogram } = familiesOf(prefix);
  return [
    count("kubevirt_workqueue_adds", "workqueue.adds", "{item}", "Items put into the work queue."),
    gauge("kubevirt_workqueue_depth", "workqueue.depth", "{item}", "Items that are in the work queue now."),
    gauge(
      "kubevirt_workqueue_longest_running_processor_seconds",
      "workqueue.longest_running_processor_seconds",
      "s",
      "For how long the oldest item under work has been worked on.",
    ),
    histogram(
      "kubevirt_workqueue_queue_duration_seconds",
      "workqueue.queue_duration_seconds",
      "s",
      "Time that an item waits in the work queue.",
    ),
    count(
      "kubevirt_workqueue_retries",
      "workqueue.retries",
      "{retry}",
      "Items the work queue took up again.",
    ),
    gauge(
      "kubevirt_workqueue_unfinished_work_seconds",
      "workqueue.unfinished_work_seconds",
      "s",
      "Time spent so far on items that are still under work; a steady rise is a sign of stuck workers.",
    ),
    histogram(
      "kubevirt_workqueue_work_duration_seconds",
      "workqueue.work_duration_seconds",
      "s",
      "Time that an item of the work queue takes to be worked off.",
    ),
  ];
}
