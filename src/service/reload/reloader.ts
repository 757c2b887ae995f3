import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../component/index.ts";
import { ConfigError } from "../../config/index.ts";
import type { CollectorConfig } from "../collector-config.ts";
import type { LoadedConfig } from "../load-config.ts";
import type { OwnLog } from "../own-log/own-log.ts";
import type { SelfTelemetry } from "../self-telemetry/self-telemetry.ts";
import { ReloadFailedError, type Service } from "../service.ts";
import { ConfigWatch, fingerprintOf } from "./config-watch.ts";
import { ReloadEndpoint } from "./reload-endpoint.ts";
import { ReloadTelemetry } from "./reload-telemetry.ts";

export type ReloadTrigger = "SIGHUP" | "file" | "http";

export interface ReloaderSettings {
  /** Reads the configuration as it is now. */
  readonly load: () => Promise<LoadedConfig>;
  readonly service: Service;
  readonly telemetry: SelfTelemetry;
  readonly log: OwnLog;
  readonly clock: Clock;
  /** The service is of no more use: neither the new configuration nor the old one runs. */
  readonly onFatal: (error: unknown) => void;
}

interface Loaded {
  readonly config: CollectorConfig;
  readonly files: readonly string[];
}

/**
 * Replaces the configuration of a running service by what its files say now, when a signal, a change of the files or a
 * request asks for it. What is wrong with the new configuration is logged, and the old one stays.
 */
export class Reloader {
  readonly #settings: ReloaderSettings;
  readonly #metrics: ReloadTelemetry;
  readonly #endpoint: ReloadEndpoint;
  /** The configuration in force. */
  #current: Loaded;
  #watch: ConfigWatch | undefined;
  #running: Promise<void> = Promise.resolve();
  /** A reload that has not read its files yet: it will do for all who ask before that. */
  #waiting: Promise<void> | undefined;
  #isClosed = false;

  constructor(loaded: Loaded, settings: ReloaderSettings) {
    this.#settings = settings;
    this.#current = loaded;
    this.#metrics = new ReloadTelemetry(settings.telemetry.meter, settings.clock);
    this.#endpoint = new ReloadEndpoint(() => this.reload("http"), settings.log.logger);
  }

  /**
   * Begins to watch and to serve as the configuration says.
   * @throws CollectorError COMPONENT_START when the address of `service::reload::http` cannot be bound
   */
  async start(): Promise<void> {
    const endpoint = await this.#endpoint.prepare(this.#current.config.service.reload.http);
    endpoint.commit();
    await this.#follow(this.#current.files);
  }

  /** Settles when the configuration is in force. @throws what is wrong with it, after logging it */
  reload(trigger: ReloadTrigger): Promise<void> {
    this.#waiting ??= this.#enqueue(trigger);
    return this.#waiting;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
    this.#endpoint.close();
  }

  #enqueue(trigger: ReloadTrigger): Promise<void> {
    const reload = this.#running.then(() => {
      this.#waiting = undefined;
      return this.#reload(trigger);
    });
    this.#running = reload.catch(() => {});
    return reload;
  }

  async #reload(trigger: ReloadTrigger): Promise<void> {
    if (this.#isClosed) return;
    const { log, service, onFatal } = this.#settings;
    log.logger.info("Reloading the configuration.", { trigger });
    let files = this.#current.files;
    // What is written while the reload is under way must not be taken for what it has read.
    const before = { files, fingerprint: await fingerprintOf(files) };
    try {
      const loaded = await this.#load();
      files = loaded.files;
      const { config } = loaded;
      if (config === undefined) throw new ConfigError(loaded.diagnostics.items);
      await this.#replace({ config, files });
    } catch (error) {
      this.#metrics.failed();
      service.reportConfig(error);
      if (error instanceof ReloadFailedError) onFatal(error);
      else if (error instanceof ConfigError) {
        log.logger.error("The new configuration is not valid, the old one stays in force.");
      } else log.logger.error("The configuration could not be reloaded.", { error });
      // A file that is now named, even by a bad configuration, may be what is put right next.
      await this.#follow([...new Set([...files, ...this.#current.files])], before);
      throw error;
    }
    this.#metrics.succeeded();
    service.reportConfig(undefined);
    await this.#follow(files, before);
    log.logger.info("The new configuration is in force.");
  }

  async #load(): Promise<LoadedConfig> {
    const { load, log } = this.#settings;
    const loaded = await load();
    for (const { severity, ...problem } of loaded.diagnostics.items) {
      log.logger[severity === "error" ? "error" : "warn"]("Problem in the configuration.", problem);
    }
    return loaded;
  }

  /** Log, own metrics, the address of reloads, and pipelines, one after the other; when one fails, those before it go back. */
  async #replace(loaded: Loaded): Promise<void> {
    const { log, telemetry, service } = this.#settings;
    const { config: old } = this.#current;
    const { config } = loaded;
    const back: (() => void | Promise<void>)[] = [];
    try {
      log.configure(config);
      back.push(() => log.configure(old));
      await telemetry.configure(config.service.telemetry);
      back.push(() => telemetry.configure(old.service.telemetry));
      const endpoint = await this.#endpoint.prepare(config.service.reload.http);
      back.push(() => endpoint.abandon());
      await service.reload(config);
      endpoint.commit();
    } catch (error) {
      for (const step of back.toReversed()) await this.#goBack(step);
      throw error;
    }
    this.#current = loaded;
  }

  async #goBack(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#settings.log.logger.error("What a reload had replaced could not be put back.", { error });
    }
  }

  async #follow(
    files: readonly string[],
    known?: { readonly files: readonly string[]; readonly fingerprint: string },
  ): Promise<void> {
    const { clock } = this.#settings;
    const { watch, watch_interval } = this.#current.config.service.reload;
    this.#watch?.close();
    this.#watch = undefined;
    if (!watch || this.#isClosed) return;
    const onChange = () => void this.reload("file").catch(() => {});
    const next = new ConfigWatch({ files, intervalMs: watch_interval, clock, onChange });
    this.#watch = next;
    await next.start(isDeepStrictEqual(known?.files, files) ? known?.fingerprint : undefined);
    if (this.#isClosed) next.close();
  }
}
