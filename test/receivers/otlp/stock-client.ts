import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";

/** A gRPC client as applications have it: nothing of ours in it. */
export function stockClient(
  t: { after(fn: () => void): void },
  address: string,
  options: ClientOptions = {},
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
) {
  const client = new Client(address, channelCredentials, {
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
  t.after(() => client.close());
  const passThrough = (bytes: Buffer) => bytes;
  return {
    client,
    /** The answer, or the status that the call ended with. */
    call(
      message: Uint8Array,
      path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
      headers: Readonly<Record<string, string | Buffer>> = {},
    ): Promise<{ readonly answer?: Buffer; readonly error?: ServiceError }> {
      return new Promise((resolve) => {
        const done = (error: ServiceError | null, answer?: Buffer) =>
          resolve(error === null ? (answer === undefined ? {} : { answer }) : { error });
        const options = { deadline: Date.now() + 10_000 };
        const bytes = Buffer.from(message);
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.add(name, value);
        client.makeUnaryRequest(path, passThrough, passThrough, bytes, metadata, options, done);
      });
    },
  };
}
