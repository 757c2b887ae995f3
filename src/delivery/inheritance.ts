import type { StorageExtension } from "../component/index.ts";
import type { SendingQueueConfig } from "./config.ts";
import { sizeOf } from "./delivery-options.ts";
import type { HeldRequest } from "./queue.ts";
import type { DeliveryRequest } from "./retry-sender.ts";

/** What a queue that has been let go of keeps in its storage. */
export interface LeftInStorage {
  readonly points: number;
  /** The instance: another one may keep its things elsewhere. */
  readonly storage: StorageExtension | undefined;
}

/** What a chain has taken over from those before it and not yet made its own. */
export class Inheritance<Request extends DeliveryRequest> {
  #items: readonly HeldRequest<Request>[] = [];
  #left: LeftInStorage | undefined;

  take(items: readonly HeldRequest<Request>[]): void {
    const taken = items.map(({ request, points, metadata }) => ({ request, points, metadata }));
    this.#items = [...this.#items, ...taken];
  }

  get items(): readonly HeldRequest<Request>[] {
    return this.#items;
  }

  /** From now on they are somebody else's. */
  give(): readonly HeldRequest<Request>[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** A storage's points that this process has counted as queued, and that are now in no queue. */
  takeLeft(left: LeftInStorage | undefined): void {
    this.#left = left ?? this.#left;
  }

  giveLeft(): LeftInStorage | undefined {
    const left = this.#left;
    this.#left = undefined;
    return left;
  }

  /** Says of one request after the other whether a queue has room for it beside what is there. */
  roomIn({ queue_size, sizer }: SendingQueueConfig): (request: Request) => boolean {
    let room = queue_size - this.#items.reduce((sum, { request }) => sum + sizeOf(request, sizer), 0);
    return (request) => {
      room -= sizeOf(request, sizer);
      return room >= 0;
    };
  }
}
