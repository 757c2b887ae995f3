export interface ConsumersOptions<Item> {
  /** How many items may be in work at a time. */
  readonly limit: number;
  /** The next item, as soon as there is one; undefined: there will be no more. */
  readonly take: () => Promise<Item | undefined>;
  /** Never rejects. false: who has worked on this item shall take no more. */
  readonly handle: (item: Item) => Promise<boolean>;
  /** Told of everybody at work, until the end of that. */
  readonly track: (work: Promise<void>) => void;
}

/** So many wait for work, if the limit allows; when all of them have some, others come to help. */
const READY = 10;

/** Works on items, as many at a time as there are, up to a limit that may be as high as it likes: it costs nothing. */
export class Consumers<Item> {
  readonly #options: ConsumersOptions<Item>;
  #count = 0;
  /** Those that wait for an item. */
  #idle = 0;

  constructor(options: ConsumersOptions<Item>) {
    this.#options = options;
  }

  start(): void {
    for (let i = 0; i < Math.min(READY, this.#options.limit); i++) this.#hire();
  }

  #hire(): void {
    this.#count++;
    this.#options.track(this.#work());
  }

  async #work(): Promise<void> {
    const { limit, take, handle } = this.#options;
    do {
      this.#idle++;
      const item = await take();
      this.#idle--;
      if (item === undefined) break;
      if (this.#idle === 0 && this.#count < limit) this.#hire();
      if (!(await handle(item))) break;
    } while (this.#idle < READY);
    this.#count--;
  }
}
