import type { FetchBodyRequest, FetchedBody, HttpClient } from "../../net/index.ts";
import type { BodySource } from "../../scrape/index.ts";

interface Lease {
  readonly client: HttpClient;
  requests: number;
  retired: boolean;
}

/** A client that is exchanged while requests are under way: each ends on the client that it began on. */
export class RotatingClient implements BodySource {
  readonly #leases = new Set<Lease>();
  #current: Lease;

  constructor(client: HttpClient) {
    this.#current = this.#lease(client);
  }

  async fetchBody(request: FetchBodyRequest): Promise<FetchedBody> {
    const lease = this.#current;
    lease.requests += 1;
    try {
      return await lease.client.fetchBody(request);
    } finally {
      lease.requests -= 1;
      if (lease.retired && lease.requests === 0) await this.#end(lease);
    }
  }

  async replace(client: HttpClient): Promise<void> {
    const old = this.#current;
    this.#current = this.#lease(client);
    old.retired = true;
    if (old.requests === 0) await this.#end(old);
  }

  /** Ends the requests under way as well. */
  async close(): Promise<void> {
    await Promise.all([...this.#leases].map((lease) => this.#end(lease)));
  }

  #lease(client: HttpClient): Lease {
    const lease = { client, requests: 0, retired: false };
    this.#leases.add(lease);
    return lease;
  }

  async #end(lease: Lease): Promise<void> {
    this.#leases.delete(lease);
    await lease.client.close();
  }
}
