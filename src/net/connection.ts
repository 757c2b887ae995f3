import type { Socket } from "node:net";
import { Client } from "undici";

/** Opens the socket of a connection; `signal` ends the attempt. */
export type Dial = (signal: AbortSignal) => Promise<Socket>;

/**
 * One HTTP/1.1 connection, used for one request at a time. It is an undici Client of its own rather than a part of
 * an undici Pool, because ending a request must also end the connection attempt it waits for: a Pool would go on
 * connecting until its own connect timeout.
 */
export class Connection {
  readonly key: string;
  readonly client: Client;
  /** Requests that got a response over this connection. */
  served = 0;
  /** Whether there is a socket; without one the next request would open it. */
  connected = false;
  readonly #dialling = new AbortController();

  /**
   * @param key what the connection may be reused for
   * @param end the server at its end: the origin, or the proxy for plain http
   */
  constructor(key: string, end: URL, dial: Dial, keepAliveMs: number) {
    this.key = key;
    this.client = new Client(end.origin, {
      connect: (_options, callback) => {
        dial(this.#dialling.signal).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // One timer of the request covers everything.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.client.on("connect", () => {
      this.connected = true;
    });
    this.client.on("disconnect", () => {
      this.connected = false;
    });
  }

  /** Ends the connection, or the attempt to make it, at once. */
  async destroy(): Promise<void> {
    this.#dialling.abort();
    await this.client.destroy();
  }
}

/** Keeps idle connections for reuse, the latest first, and knows all that are open. */
export class ConnectionPool {
  readonly #keepAliveMs: number;
  readonly #idle = new Map<string, Connection[]>();
  readonly #open = new Set<Connection>();
  readonly #ending = new Set<Promise<void>>();
  #draining = false;

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs;
  }

  /** An idle connection of that key, or a new one. The caller gives it back with release() or discard(). */
  acquire(key: string, end: URL, dial: Dial): Connection {
    return this.#idle.get(key)?.pop() ?? this.create(key, end, dial);
  }

  /** A new connection, whatever is idle. */
  create(key: string, end: URL, dial: Dial): Connection {
    const connection = new Connection(key, end, dial, this.#keepAliveMs);
    // The server ended it, or its keep-alive time is over. One in use is judged by how its request ends.
    connection.client.on("disconnect", () => {
      if (this.#idle.get(key)?.includes(connection) === true) this.discard(connection);
    });
    this.#open.add(connection);
    return connection;
  }

  release(connection: Connection): void {
    connection.served += 1;
    if (!this.#open.has(connection)) return;
    if (this.#draining || !connection.connected) {
      this.discard(connection);
      return;
    }
    const idle = this.#idle.get(connection.key);
    if (idle === undefined) this.#idle.set(connection.key, [connection]);
    else idle.push(connection);
  }

  discard(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    const idle = this.#idle.get(connection.key)?.filter((other) => other !== connection) ?? [];
    if (idle.length > 0) this.#idle.set(connection.key, idle);
    else this.#idle.delete(connection.key);
    const ended = connection.destroy().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Ends what is idle now and the rest after its request; for a pool whose TLS settings are outdated. */
  drain(): void {
    this.#draining = true;
    for (const connection of [...this.#idle.values()].flat()) this.discard(connection);
  }

  /** Whether a drained pool has nothing left to end. */
  get empty(): boolean {
    return this.#open.size === 0;
  }

  /** Ends every connection, busy ones too, and waits for the sockets to close. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const connection of this.#open) this.discard(connection);
    await Promise.all(this.#ending);
  }
}
