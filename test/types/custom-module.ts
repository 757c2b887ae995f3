import {
  type AuthData,
  AuthenticationError,
  Batch,
  type Client,
  type ClientAuthenticator,
  type ClientMetadata,
  type Consumer,
  clientContext,
  clientMetadata,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  duration,
  findServerAuthenticator,
  findStorage,
  type Host,
  type Layout,
  type MetricsBatch,
  metadataKey,
  opaque,
  PermanentError,
  RetryableError,
  reveal,
  type Secret,
  type ServerAuthenticator,
  type StorageClient,
  z,
} from "otelcol-kubevirt";
import { formatMetrics, runProcessor } from "otelcol-kubevirt/testing";

/** What authors write: every kind of component, every shape of a processor, what their types allow and refuse. */
const base = { stability: "development", config: z.strictObject({}) } as const;

const tenant = defineProcessor({
  type: "tenant",
  stability: "alpha",
  config: z.strictObject({
    label: z.string().default("tenant").describe("Attribute to set."),
    wait: duration().prefault("1s"),
    token: opaque().optional(),
  }),
  create({ config, logger, meter, clock, id }) {
    const label: string = config.label;
    const waitMs: number = config.wait;
    const token: Secret | undefined = config.token;
    const count = meter.createCounter("tenant_batches");
    // @ts-expect-error There is no such option.
    logger.info("Created.", { id, unknown: config.labels });
    return {
      process(batch: MetricsBatch): MetricsBatch | undefined {
        if (token !== undefined && reveal(token) === "") throw new PermanentError("no token");
        if (clock.now() < waitMs) throw new RetryableError("too early");
        count.add(1);
        const [first] = batch;
        // @ts-expect-error What a processor is given is read-only.
        if (first !== undefined) first.resource.attributes[label] = "x";
        return batch.map((one) => ({
          ...one,
          resource: { ...one.resource, attributes: { ...one.resource.attributes, [label]: "x" } },
        }));
      },
    };
  },
});

const renaming = defineProcessor({
  ...base,
  type: "renaming",
  create: () => ({ layout: (layout: Layout): Layout => layout }),
});

const doubling = defineProcessor({
  ...base,
  type: "doubling",
  create: () => ({
    processBatch: ({ layout, column }: Batch) =>
      Batch.fromColumns(layout, column.with({ values: column.values.map((value) => value * 2) })),
  }),
});

const buffering = defineProcessor({
  ...base,
  type: "buffering",
  create({ next }): Consumer & { shutdown(): Promise<void> } {
    const kept: Batch[] = [];
    return {
      async consume(batch) {
        kept.push(batch);
      },
      async shutdown() {
        for (const batch of kept) await next.consume(batch);
      },
    };
  },
});

defineProcessor({
  ...base,
  type: "wrong",
  // @ts-expect-error A process returns a batch, or nothing.
  create: () => ({ process: () => "done" }),
});

const ticking = defineReceiver({
  ...base,
  type: "ticking",
  create({ next, clock }) {
    let cancel = () => {};
    return {
      start() {
        cancel = clock.schedule(1000, () => void next.consume(Batch.from([])));
      },
      shutdown: () => cancel(),
    };
  },
});

const printing = defineExporter({
  ...base,
  type: "printing",
  create: ({ logger }) => ({
    async consume(batch: Batch) {
      logger.info("Arrived.", { resources: batch.resourceMetrics.length });
    },
  }),
});

const vault = defineExtension({
  ...base,
  type: "vault",
  create: () => ({
    start(host: Host) {
      host.extension("other");
    },
  }),
});

const bySender = defineProcessor({
  ...base,
  type: "by_sender",
  create: () => ({
    process(batch) {
      const client: Client | undefined = clientContext.current();
      const user: string | readonly string[] | undefined = client?.auth?.["username"];
      const tenant: readonly string[] | undefined = clientMetadata.current()?.get("x-tenant");
      // @ts-expect-error What is known of a sender is read-only.
      if (client !== undefined) client.address = "";
      return user === undefined || tenant === undefined ? undefined : batch;
    },
  }),
});

/** Keeps data for later, and with each piece the metadata that it came with. */
const keeping = defineProcessor({
  ...base,
  type: "keeping",
  create({ next }) {
    const kept = new Map<
      string,
      { readonly metadata: ClientMetadata | undefined; readonly batches: Batch[] }
    >();
    return {
      async consume(batch: Batch) {
        const metadata = clientMetadata.current();
        const key = metadataKey(metadata);
        const entry = kept.get(key) ?? { metadata, batches: [] };
        batch.retain();
        entry.batches.push(batch);
        kept.set(key, entry);
      },
      async shutdown() {
        for (const { metadata, batches } of kept.values())
          await clientMetadata.run(metadata, async () => {
            for (const batch of batches) await next.consume(batch);
          });
      },
    };
  },
});

const listening = defineReceiver({
  ...base,
  type: "listening",
  create({ next, id }) {
    let store: StorageClient | undefined;
    return {
      async start(host) {
        store = await findStorage(host, "file_storage").client("receiver", id, "");
        const auth = await findServerAuthenticator(host, "words").authenticate({ authorization: "x" });
        const metadata: ClientMetadata = new Map([["x-tenant", ["a"]]]);
        const client: Client = { address: "127.0.0.1", auth: auth ?? undefined, metadata };
        await clientContext.run(client, () => next.consume(Batch.from([])));
      },
      shutdown: () => store?.close(),
    };
  },
});

const words = defineExtension({
  ...base,
  type: "words",
  create(): ServerAuthenticator & ClientAuthenticator {
    return {
      authenticate({ authorization }): AuthData {
        if (authorization !== "word") throw new AuthenticationError("not the word", "Word");
        return { username: "ann", groups: ["admins"] };
      },
      authorize: (headers) => ({ ...headers, authorization: "word" }),
    };
  },
});

/** Says nothing of who it was. */
export const silent: ServerAuthenticator = { async authenticate() {} };

export async function formatted(batch: MetricsBatch): Promise<string> {
  const [first = []] = await runProcessor(tenant, { label: "owner" }, [batch]);
  return formatMetrics(first);
}

export default [
  tenant,
  renaming,
  doubling,
  buffering,
  bySender,
  keeping,
  ticking,
  listening,
  printing,
  vault,
  words,
];
