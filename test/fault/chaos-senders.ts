import { setTimeout as delay } from "node:timers/promises";
import { CONTENT_TYPE_JSON } from "../../src/otlp/index.ts";
import { SEQUENCE } from "./numbered-target.ts";

const PAUSE_MS = 30;
/** Targets of scrapes have lower numbers. */
export const FIRST_SENDER = 100;

/** Senders that number their requests, of one point each, and bring one again until it is taken. */
export class ChaosSenders {
  /** As `sender/number`. */
  readonly taken = new Set<string>();
  /** What may have been taken without the sender's having heard of it: it came again. */
  readonly unsure = new Set<string>();
  /** Answers that are neither a success nor one after which to come again. */
  readonly wrong: number[] = [];
  readonly #url: string;
  readonly #running: Promise<unknown>;
  #isEnding = false;

  constructor(url: string, count: number) {
    this.#url = url;
    this.#running = Promise.all(Array.from({ length: count }, (_, i) => this.#send(FIRST_SENDER + i)));
  }

  /** Settles when the last requests have been taken. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #send(sender: number): Promise<void> {
    for (let number = 1; !this.#isEnding; number++) {
      const key = `${sender}/${number}`;
      while (!(await this.#isTaken(key, bodyOf(sender, number)))) await delay(PAUSE_MS);
      await delay(PAUSE_MS);
    }
  }

  async #isTaken(key: string, body: string): Promise<boolean> {
    try {
      const headers = { "content-type": CONTENT_TYPE_JSON };
      const response = await fetch(this.#url, { method: "POST", headers, body });
      await response.arrayBuffer();
      if (response.status === 200) this.taken.add(key);
      else if (response.status !== 503) this.wrong.push(response.status);
      return response.status === 200;
    } catch (error) {
      // The receiver was being replaced: nobody listened, or the connection broke.
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      if (code !== "ECONNREFUSED") this.unsure.add(key);
      return false;
    }
  }
}

function bodyOf(sender: number, number: number): string {
  const point = {
    asDouble: number,
    timeUnixNano: "1700000000000000000",
    attributes: [{ key: "target", value: { stringValue: String(sender) } }],
  };
  const metrics = [{ name: SEQUENCE, gauge: { dataPoints: [point] } }];
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
}
