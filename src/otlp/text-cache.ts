/** UTF-8 text about immutable objects, kept by the object's identity. */
export class TextCache<Key extends object> {
  readonly #text: (key: Key) => string;
  readonly #encoded = new WeakMap<Key, Uint8Array>();

  constructor(text: (key: Key) => string) {
    this.#text = text;
  }

  get(key: Key): Uint8Array {
    let encoded = this.#encoded.get(key);
    if (encoded === undefined) {
      encoded = Buffer.from(this.#text(key));
      this.#encoded.set(key, encoded);
    }
    return encoded;
  }
}
