import { errorText } from "../errors/index.ts";
import { ApiError } from "./api-error.ts";

/** etcd takes no object above 1.5 MiB by default; whatever is far above is no Kubernetes object. */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
/** Of a list without its items. */
const MAX_ENVELOPE_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const ITEMS_KEY = "items";

/** Cuts a stream into lines and parses each; a line without its end is never given out. */
export class JsonLines {
  readonly #onValue: (value: unknown) => void;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(onValue: (value: unknown) => void, maxBytes = MAX_OBJECT_BYTES) {
    this.#onValue = onValue;
    this.#maxBytes = maxBytes;
  }

  /** @throws ApiError "garbage" for a line that is no JSON or too long */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      start = end + 1;
      const line = take(this.#parts, this.#length);
      this.#parts = [];
      this.#length = 0;
      if (line.trim() !== "") this.#onValue(parseJson(line));
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  #add(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw tooLarge("a line of a watch", this.#maxBytes);
    this.#parts.push(part);
  }
}

/** What surrounds the items of a list. */
export interface ListEnvelope {
  readonly resourceVersion: string;
  /** For the next page; undefined on the last. */
  readonly continue: string | undefined;
}

/**
 * Reads a list as it arrives and gives out its items one by one, so that never more than one object of it is in memory.
 * Finds `"items": [` in the outermost object and the ends of the objects in it by counting brackets outside of strings.
 */
export class ListReader {
  readonly #onItem: (item: unknown) => void;
  readonly #maxBytes: number;
  readonly #envelope: Buffer[] = [];
  #envelopeLength = 0;
  #item: Buffer[] = [];
  #itemLength = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last string in the outermost object, for as long as it may be the key of the items. */
  #key = "";
  /** Inside the list of items: brackets opened since. */
  #inItems = false;

  constructor(onItem: (item: unknown) => void, maxBytes = MAX_OBJECT_BYTES) {
    this.#onItem = onItem;
    this.#maxBytes = maxBytes;
  }

  /** @throws ApiError "garbage" for an item that is no JSON or too large */
  push(chunk: Buffer): void {
    // What was not yet put away, from here on.
    let from = 0;
    const length = chunk.length;
    for (let i = 0; i < length; i++) {
      const byte = chunk[i] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        else if (this.#depth === 1 && !this.#inItems && this.#key.length <= ITEMS_KEY.length) {
          this.#key += String.fromCharCode(byte);
        }
        continue;
      }
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          if (this.#depth === 1 && !this.#inItems) this.#key = "";
          break;
        case 0x7b: // {
        case 0x5b: // [
          if (byte === 0x5b && this.#depth === 1 && !this.#inItems && this.#key === ITEMS_KEY) {
            this.#keepEnvelope(chunk.subarray(from, i + 1));
            this.#inItems = true;
            from = i + 1;
          } else if (byte === 0x7b && this.#inItems && this.#depth === 2) {
            from = i;
          }
          this.#depth++;
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#depth--;
          if (this.#inItems && this.#depth === 2) {
            this.#keepItem(chunk.subarray(from, i + 1));
            this.#finishItem();
            from = i + 1;
          } else if (this.#inItems && this.#depth === 1) {
            this.#inItems = false;
            this.#key = "";
            from = i;
          }
          break;
        case 0x2c: // ,
          if (this.#depth === 1) this.#key = "";
          break;
      }
    }
    const rest = chunk.subarray(from);
    if (!this.#inItems) this.#keepEnvelope(rest);
    // Between two items there is nothing worth keeping.
    else if (this.#depth > 2) this.#keepItem(rest);
  }

  /** @throws ApiError "garbage" when the list is cut short or is no list */
  end(): ListEnvelope {
    if (this.#depth !== 0 || this.#inItems) throw new ApiError("garbage", "the list was cut short");
    const value = parseJson(take(this.#envelope, this.#envelopeLength)) as {
      metadata?: { resourceVersion?: unknown; continue?: unknown };
      items?: unknown;
    } | null;
    const { resourceVersion, continue: next } = value?.metadata ?? {};
    if (typeof resourceVersion !== "string" || value?.items === undefined) {
      throw new ApiError("garbage", "the answer is no list");
    }
    return { resourceVersion, continue: typeof next === "string" && next !== "" ? next : undefined };
  }

  #keepEnvelope(part: Buffer): void {
    this.#envelopeLength += part.length;
    if (this.#envelopeLength > MAX_ENVELOPE_BYTES)
      throw tooLarge("what surrounds a list", MAX_ENVELOPE_BYTES);
    this.#envelope.push(part);
  }

  #keepItem(part: Buffer): void {
    this.#itemLength += part.length;
    if (this.#itemLength > this.#maxBytes) throw tooLarge("an object of a list", this.#maxBytes);
    this.#item.push(part);
  }

  #finishItem(): void {
    const text = take(this.#item, this.#itemLength);
    this.#item = [];
    this.#itemLength = 0;
    this.#onItem(parseJson(text));
  }
}

function take(parts: readonly Buffer[], length: number): string {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only.toString() : Buffer.concat(parts, length).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError("garbage", `the answer is no JSON: ${errorText(cause)}`, { cause });
  }
}

function tooLarge(what: string, limit: number): ApiError {
  return new ApiError("garbage", `${what} is larger than ${limit} bytes`);
}
