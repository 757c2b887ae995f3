import type { DeliveryRequest, RequestCodec } from "../../delivery/index.ts";
import { MESSAGE_ENCODINGS, type MessageEncoding } from "../../grpc/index.ts";

export interface OtlpGrpcRequest extends DeliveryRequest {
  /** Encoded, and compressed as `encoding` says. */
  readonly body: Buffer;
  /** undefined: not compressed. */
  readonly encoding: MessageEncoding | undefined;
}

export function requestOf(
  body: Buffer,
  encoding: MessageEncoding | undefined,
  points: number,
): OtlpGrpcRequest {
  return { body, encoding, points, bytes: body.length };
}

const GRPC_ENCODING = "grpc-encoding";

/** A request keeps its own compression: it goes out like that even if the configuration has changed by then. */
export const requestCodec: RequestCodec<OtlpGrpcRequest> = {
  toStored: ({ body, encoding }) => ({
    attributes: encoding === undefined ? {} : { [GRPC_ENCODING]: encoding },
    body,
  }),
  fromStored({ attributes, body }, points) {
    const stored = attributes[GRPC_ENCODING];
    const encoding = MESSAGE_ENCODINGS.find((name) => name === stored);
    return requestOf(Buffer.from(body.buffer, body.byteOffset, body.byteLength), encoding, points);
  },
};
