/**
 * A first-in first-out list in a ring that doubles when it is full and starts small again once it has run empty.
 *
 *     head           head + length
 *      ▼                ▼
 *     [2][3][4][ ][ ]…      index = position & (size - 1)
 */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array(MIN_SIZE);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2);
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value;
    this.#length++;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // or the ring would keep a sent request alive
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#slots.length > MIN_SIZE) this.#resize(MIN_SIZE);
    return value;
  }

  #resize(size: number): void {
    const slots = new Array<T | undefined>(size);
    for (let i = 0; i < this.#length; i++) {
      slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}

const MIN_SIZE = 64;
