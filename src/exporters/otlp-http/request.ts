import type { DeliveryRequest, RequestCodec } from "../../delivery/index.ts";

/** An encoded and compressed request; it is sent as it is even when the configuration has changed since. */
export interface OtlpRequest extends DeliveryRequest {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** undefined: not compressed. */
  readonly contentEncoding: string | undefined;
}

export const requestCodec: RequestCodec<OtlpRequest> = {
  toStored: ({ body, contentType, contentEncoding }) => ({
    attributes: {
      content_type: contentType,
      ...(contentEncoding !== undefined && { content_encoding: contentEncoding }),
    },
    body,
  }),
  fromStored: ({ attributes, body }, points) => ({
    body,
    points,
    bytes: body.length,
    contentType: attributes["content_type"] ?? "",
    contentEncoding: attributes["content_encoding"],
  }),
};
