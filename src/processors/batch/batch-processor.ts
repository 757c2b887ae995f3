import {
  type ClientMetadata,
  type Component,
  type Consumer,
  clientMetadata,
  metadataKey,
  PermanentError,
  type UpstreamSettings,
} from "../../component/index.ts";
import type { Batch } from "../../metrics/index.ts";
import { Collection } from "./collection.ts";
import type { BatchConfig } from "./config.ts";
import { BatchTelemetry } from "./telemetry.ts";

/** One collection for all batches, or one for each combination of values that their `metadata_keys` have. */
export class BatchProcessor implements Component, Consumer {
  readonly #settings: UpstreamSettings<BatchConfig>;
  readonly #telemetry: BatchTelemetry;
  readonly #keys: readonly string[];
  readonly #collections = new Map<string, Collection>();

  constructor(settings: UpstreamSettings<BatchConfig>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    this.#keys = config.metadata_keys.map((key) => key.toLowerCase());
    this.#telemetry = new BatchTelemetry(meter, id);
  }

  /** @throws PermanentError when there are as many combinations as may be, and the batch is of none of them */
  async consume(batch: Batch): Promise<void> {
    if (batch.pointCount === 0) return;
    await this.#collection().add(batch);
  }

  /** Hands on what has been collected. */
  async shutdown(): Promise<void> {
    await Promise.all([...this.#collections.values()].map((collection) => collection.finish()));
    this.#telemetry.cardinality(-this.#collections.size);
    this.#collections.clear();
  }

  #collection(): Collection {
    const metadata = this.#chosen();
    const key = metadataKey(metadata);
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      const { config, next, clock } = this.#settings;
      const { metadata_cardinality_limit: limit } = config;
      if (this.#keys.length > 0 && limit > 0 && this.#collections.size >= limit) {
        throw new PermanentError(
          `too many batcher metadata-value combinations: \`metadata_cardinality_limit\` is ${limit}`,
        );
      }
      collection = new Collection({ config, next, clock, telemetry: this.#telemetry, metadata });
      this.#collections.set(key, collection);
      this.#telemetry.cardinality(1);
    }
    return collection;
  }

  /** Only what tells batches apart: the rest would be one sender's on the data of several. */
  #chosen(): ClientMetadata | undefined {
    const current = this.#keys.length === 0 ? undefined : clientMetadata.current();
    if (current === undefined) return undefined;
    const chosen = new Map<string, readonly string[]>();
    for (const key of this.#keys) {
      const values = current.get(key);
      if (values !== undefined) chosen.set(key, values);
    }
    return chosen;
  }
}
