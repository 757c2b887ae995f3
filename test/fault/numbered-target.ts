import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Cleanup } from "../support/certificates.ts";

/** The metric whose value is the number of a scrape, from 1 on, for each target. */
export const SEQUENCE = "fault_sequence";

/**
 * Scrape targets in one server, `/0` to `/<count - 1>`, that number their answers: what arrives in the end can be
 * compared with what was served.
 */
export class NumberedTargets {
  readonly count: number;
  /** The last number served, by target. */
  readonly served: number[];
  /** Series in each answer besides. */
  series = 0;
  /** Bytes that each answer carries along and that do not compress. */
  padding = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  private constructor(count: number) {
    this.count = count;
    this.served = new Array(count).fill(0);
    this.#server = createServer((request, response) => {
      const target = Number(request.url?.slice(1));
      const number = (this.served[target] ?? 0) + 1;
      this.served[target] = number;
      response.setHeader("content-type", "text/plain; version=0.0.4");
      const head = `# TYPE ${SEQUENCE} gauge\n${SEQUENCE}{target="${target}"} ${number}\n`;
      response.end(head + this.#loadText(number) + this.#paddingText());
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(cleanup: Cleanup, count: number): Promise<NumberedTargets> {
    const targets = new NumberedTargets(count);
    targets.#server.listen(0, "127.0.0.1");
    await once(targets.#server, "listening");
    cleanup.after(async () => {
      const closed = once(targets.#server, "close");
      targets.#server.close();
      targets.#server.closeAllConnections();
      await closed;
    });
    return targets;
  }

  get urls(): readonly string[] {
    const { port } = this.#server.address() as AddressInfo;
    return Array.from({ length: this.count }, (_, i) => `http://127.0.0.1:${port}/${i}`);
  }

  /** Answers given so far. */
  get scrapes(): number {
    return this.served.reduce((sum, number) => sum + number, 0);
  }

  /** Settles when nobody is connected: what a killed process had still asked for has been answered. */
  async quiet(): Promise<void> {
    while (this.#sockets.size > 0)
      await Promise.all([...this.#sockets].map((socket) => once(socket, "close")));
  }

  /** Settles after so many answers more. */
  async more(scrapes: number): Promise<void> {
    const wanted = this.scrapes + scrapes;
    while (this.scrapes < wanted) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #loadText(number: number): string {
    return Array.from({ length: this.series }, (_, i) => `fault_load{i="${i}"} ${number * 7 + i}.25\n`).join(
      "",
    );
  }

  #paddingText(): string {
    const lines: string[] = [];
    for (let bytes = 0; bytes < this.padding; bytes += 1000) {
      lines.push(`fault_padding{noise="${randomBytes(1000).toString("base64")}"} 1\n`);
    }
    return lines.join("");
  }
}
