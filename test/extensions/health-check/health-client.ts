import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { parse } from "protobufjs";

/** grpc/health/v1/health.proto, as far as it goes here. */
const { root } = parse(`
  syntax = "proto3";
  package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse {
    enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
    ServingStatus status = 1;
  }
`);
const Request = root.lookupType("grpc.health.v1.HealthCheckRequest");
const Response = root.lookupType("grpc.health.v1.HealthCheckResponse");

const serialize = (service: string): Buffer => Buffer.from(Request.encode({ service }).finish());
const deserialize = (bytes: Buffer): string =>
  Response.toObject(Response.decode(bytes), { enums: String, defaults: true })["status"];

/** What probes do, with nothing of ours in it: a client of grpc.health.v1.Health. */
export function healthClient(
  t: { after(fn: () => void): void },
  address: string,
  channel: ChannelCredentials = credentials.createInsecure(),
  headers: Readonly<Record<string, string>> = {},
) {
  const client = new Client(address, channel, { "grpc.use_local_subchannel_pool": 1 });
  t.after(() => client.close());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return {
    client,
    /** The status, or the gRPC code and message of the error in its place. */
    check(service = ""): Promise<string> {
      const path = "/grpc.health.v1.Health/Check";
      return new Promise((resolve) => {
        client.makeUnaryRequest(path, serialize, deserialize, service, metadata, (error, status) =>
          resolve(error === null ? String(status) : errorText(error)),
        );
      });
    },
    /** The statuses as they come, and in the end the error. */
    watch(service = "", deadline?: Date) {
      const path = "/grpc.health.v1.Health/Watch";
      const options = deadline === undefined ? {} : { deadline };
      const call = client.makeServerStreamRequest(path, serialize, deserialize, service, metadata, options);
      const told: string[] = [];
      const waiting = new Set<() => void>();
      const tell = (text: string) => {
        told.push(text);
        for (const wake of waiting) wake();
      };
      call.on("data", tell);
      call.on("error", (error: ServiceError) => tell(errorText(error)));
      call.on("end", () => tell("end"));
      return {
        told,
        cancel: () => call.cancel(),
        /** The first so many. */
        async first(count: number): Promise<readonly string[]> {
          while (told.length < count) {
            await new Promise<void>((resolve) => {
              waiting.add(resolve);
            });
            waiting.clear();
          }
          return told.slice(0, count);
        },
      };
    },
  };
}

function errorText({ code, details }: ServiceError): string {
  return `${code} ${details}`;
}
