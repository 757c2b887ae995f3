import type { IncomingMessage, ServerResponse } from "node:http";
import type { AuthData } from "../../component/index.ts";
import { RpcCode } from "../../grpc/index.ts";
import type { MetricsBatch } from "../../metrics/index.ts";
import { RequestBodyError, readRequestBody } from "../../net/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  decodeMetrics,
  decodeMetricsJson,
  type ExportResponse,
  encodeExportResponse,
  encodeExportResponseJson,
  encodeStatus,
  encodeStatusJson,
  type RpcStatus,
} from "../../otlp/index.ts";
import type { HttpProtocolConfig } from "./config.ts";
import type { Intake } from "./intake.ts";
import { httpStatusOf, refusalOf } from "./refusal.ts";
import { httpMetadata, ipAddress } from "./request-metadata.ts";

/** How requests and answers of one content type are written. */
interface Encoding {
  readonly contentType: string;
  readonly decode: (body: Buffer) => MetricsBatch;
  readonly success: (response: ExportResponse) => Uint8Array | string;
  readonly failure: (status: RpcStatus) => Uint8Array | string;
}

const ENCODINGS: readonly Encoding[] = [
  {
    contentType: CONTENT_TYPE_JSON,
    decode: decodeMetricsJson,
    success: encodeExportResponseJson,
    failure: encodeStatusJson,
  },
  {
    contentType: CONTENT_TYPE_PROTOBUF,
    decode: decodeMetrics,
    success: encodeExportResponse,
    failure: encodeStatus,
  },
];

/** Answers requests of OTLP over HTTP (OTLP specification, section "OTLP/HTTP"). */
export function createHttpHandler(config: HttpProtocolConfig, intake: Intake) {
  const bodyOptions = {
    limitBytes: config.max_request_body_size,
    encodings: config.compression_algorithms,
  };
  return async (request: IncomingMessage, response: ServerResponse, auth?: AuthData): Promise<void> => {
    if ((request.url ?? "").split("?", 1)[0] !== config.metrics_url_path) {
      return sendText(response, 404, "404 page not found");
    }
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      return sendText(response, 405, "405 method not allowed, supported: [POST]");
    }
    const encoding = encodingOf(request);
    if (encoding === undefined) {
      const supported = ENCODINGS.map(({ contentType }) => contentType).join(", ");
      return sendText(response, 415, `415 unsupported media type, supported: [${supported}]`);
    }
    let body: Buffer;
    try {
      body = await readRequestBody(request, bodyOptions);
    } catch (error) {
      intake.fail("http");
      if (!(error instanceof RequestBodyError)) throw error;
      const code = error.status === 413 ? RpcCode.ResourceExhausted : RpcCode.InvalidArgument;
      return send(response, error.status, encoding, encoding.failure({ code, message: error.message }));
    }
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new Error("the connection was closed"));
    });
    try {
      const client = {
        address: ipAddress(request.socket.remoteAddress),
        auth,
        metadata: config.include_metadata ? httpMetadata(request) : undefined,
        gone: gone.signal,
      };
      const answer = await intake.take("http", client, () => encoding.decode(body));
      send(response, 200, encoding, encoding.success(answer));
    } catch (error) {
      const { code, message, retryAfterMs } = refusalOf(error);
      if (retryAfterMs !== undefined) {
        response.setHeader("Retry-After", String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
      }
      send(response, httpStatusOf(code), encoding, encoding.failure({ code, message }));
    }
  };
}

function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return ENCODINGS.find(({ contentType }) => contentType === type);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
}

function send(
  response: ServerResponse,
  status: number,
  { contentType }: Encoding,
  body: Uint8Array | string,
): void {
  const headers = { "Content-Type": contentType, "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, headers).end(body);
}
