import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { constants, createGzip } from "node:zlib";
import type { Exposition } from "./exposition.ts";
import type { World } from "./world.ts";

const MAX_IN_FLIGHT = 3;
const CHUNK_BYTES = 32_768;

/**
 * Answers `/metrics` as virt-handler does: any method, three scrapes at once and 503 for more, text format 0.0.4
 * only, chunked, gzip for whoever accepts it. A client that goes away frees its place.
 */
export class MetricsEndpoint {
  readonly #world: World;
  readonly #exposition: Exposition;
  #inFlight = 0;
  #collectionDelayMs: number;

  constructor(world: World, exposition: Exposition, collectionDelayMs: number) {
    this.#world = world;
    this.#exposition = exposition;
    this.#collectionDelayMs = collectionDelayMs;
  }

  /** For the scrapes that come from now on. */
  setCollectionDelay(milliseconds: number): void {
    this.#collectionDelayMs = milliseconds;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { process } = this.#world;
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      process.answered["503"]++;
      const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
      response
        .writeHead(503, headers)
        .end(`Limit of concurrent requests reached (${MAX_IN_FLIGHT}), try again later.\n`);
      return;
    }
    this.#inFlight++;
    process.inFlight++;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      if (this.#collectionDelayMs > 0)
        await delay(this.#collectionDelayMs, undefined, { signal: gone.signal });
      await this.#write(request, response);
      process.answered["200"]++;
    } catch (error) {
      // Whoever left before the end wants no answer; anything else is a fault of the simulator.
      if (!response.destroyed) throw error;
    } finally {
      this.#inFlight--;
      process.inFlight--;
    }
  }

  async #write(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.from(this.#exposition.scrape());
    response.setHeader("Content-Type", contentType(request.headers.accept));
    const chunks = Readable.from(slices(body));
    if (acceptsGzip(request.headers["accept-encoding"])) {
      response.setHeader("Content-Encoding", "gzip");
      // Go compresses at level 6; the lowest level leaves the CPU to what is being tried out.
      await pipeline(chunks, createGzip({ level: constants.Z_BEST_SPEED }), response);
    } else {
      await pipeline(chunks, response);
    }
  }
}

/** OpenMetrics is never served; the escaping scheme that text 1.0.0 asks for is repeated. */
function contentType(accept = ""): string {
  const escaping = /text\/plain\s*;[^,]*escaping=allow-utf-8/.test(accept) ? "allow-utf-8" : "underscores";
  return `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`;
}

function acceptsGzip(acceptEncoding: string | string[] = ""): boolean {
  const offers = String(acceptEncoding).toLowerCase().split(",");
  return offers.some((offer) => {
    const [coding = "", ...parameters] = offer.split(";").map((part) => part.trim());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return (coding === "gzip" || coding === "*") && !refused;
  });
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length; start += CHUNK_BYTES)
    yield body.subarray(start, start + CHUNK_BYTES);
}
