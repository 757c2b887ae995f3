import type { Reference } from "../component/index.ts";
import { formatDuration } from "../config/index.ts";
import type { RetryConfig, SendingQueueConfig } from "./config.ts";

interface QueuedConfig {
  readonly sending_queue: SendingQueueConfig | undefined;
  readonly retry_on_failure: RetryConfig | undefined;
}

/** For the `references` of an exporter: the storage extension that its queue names. */
export function storageReferences({
  sending_queue,
}: Pick<QueuedConfig, "sending_queue">): readonly Reference[] {
  const id = sending_queue?.storage;
  return id === undefined ? [] : [{ kind: "extension", id, path: ["sending_queue", "storage"] }];
}

/** For the `warnings` of an exporter: a queue on disk that gives up on its data all the same. */
export function storageWarnings({ sending_queue, retry_on_failure: retry }: QueuedConfig) {
  if (sending_queue?.storage === undefined) return [];
  if (retry === undefined) {
    return [
      {
        path: ["retry_on_failure"],
        message: "the queue is persistent, but without retries a request is dropped when it first fails",
      },
    ];
  }
  const { max_elapsed_time: limit } = retry;
  if (limit === 0) return [];
  return [
    {
      path: ["retry_on_failure", "max_elapsed_time"],
      message: `the queue is persistent, but a request that could not be delivered for ${formatDuration(limit)} is dropped; \`max_elapsed_time: 0\` keeps it until the backend is back`,
    },
  ];
}
