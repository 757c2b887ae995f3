import type { Logger } from "../../telemetry/index.ts";
import { ReloadServer } from "./reload-server.ts";
import type { ReloadServerConfig } from "./schema.ts";

/** A change that is prepared: the new address is bound, the old one still serves. */
export interface EndpointChange {
  commit(): void;
  /** Never rejects. */
  abandon(): Promise<void>;
}

const NO_CHANGE: EndpointChange = { commit() {}, async abandon() {} };

/** Where requests to reload are served, through changes of the configuration. */
export class ReloadEndpoint {
  readonly #reload: () => Promise<void>;
  readonly #logger: Logger;
  #config: ReloadServerConfig | undefined;
  #server: ReloadServer | undefined;
  #isClosed = false;

  constructor(reload: () => Promise<void>, logger: Logger) {
    this.#reload = reload;
    this.#logger = logger;
  }

  /**
   * Binds what is wanted; undefined: nothing is to be served.
   * @throws CollectorError COMPONENT_START when it cannot be bound; what served before serves on
   */
  async prepare(config: ReloadServerConfig | undefined): Promise<EndpointChange> {
    const old = this.#config;
    if (config?.host === old?.host && config?.port === old?.port) return NO_CHANGE;
    // Another host with the same port may be the same address: then the old one has to go first.
    const before = config?.port === this.#server?.port ? old : undefined;
    if (before !== undefined) this.#stop();
    let next: ReloadServer | undefined;
    try {
      if (config !== undefined) next = await ReloadServer.listen(config, this.#reload);
    } catch (error) {
      await this.#putBack(before);
      throw error;
    }
    return {
      commit: () => {
        this.#stop();
        this.#config = config;
        this.#serve(next);
      },
      abandon: async () => {
        next?.close();
        await this.#putBack(before);
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  async #putBack(config: ReloadServerConfig | undefined): Promise<void> {
    if (config === undefined) return;
    try {
      this.#serve(await ReloadServer.listen(config, this.#reload));
    } catch (error) {
      this.#config = undefined;
      this.#logger.error("Requests to reload are served no more.", { error });
    }
  }

  #serve(server: ReloadServer | undefined): void {
    this.#server = server;
    if (this.#isClosed) this.#stop();
    else if (server !== undefined) this.#logger.info("Serving requests to reload.", { url: server.url });
  }

  #stop(): void {
    const server = this.#server;
    this.#server = undefined;
    server?.close();
  }
}
