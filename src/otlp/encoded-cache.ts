import { WireWriter } from "./wire-writer.ts";

const scratch = new WireWriter();

/** Encoded fields of immutable objects, kept by the object's identity. */
export class EncodedCache<Key extends object> {
  readonly #write: (writer: WireWriter, key: Key) => void;
  readonly #encoded = new WeakMap<Key, Uint8Array>();

  constructor(write: (writer: WireWriter, key: Key) => void) {
    this.#write = write;
  }

  get(key: Key): Uint8Array {
    let encoded = this.#encoded.get(key);
    if (encoded === undefined) {
      scratch.rewind(0);
      this.#write(scratch, key);
      encoded = Buffer.from(scratch.finish());
      this.#encoded.set(key, encoded);
    }
    return encoded;
  }
}
