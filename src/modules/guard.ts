import {
  type Component,
  type Consumer,
  type Definition,
  type Host,
  handOverMethods,
  type UpstreamSettings,
} from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import { CustomCode } from "./custom-code.ts";
import { Downstream } from "./downstream.ts";
import type { LoadedModule } from "./import-module.ts";
import type { ModuleOptions } from "./module-schema.ts";

/** A definition of a custom module behind a guard: what its code throws, or takes too long for, is told and counted. */
export function guarded(
  definition: Definition,
  options: ModuleOptions,
  { files, revision }: Pick<LoadedModule, "files" | "revision">,
): Definition {
  const create = (settings: UpstreamSettings<unknown>): Component & Partial<Consumer> => {
    const downstream = new Downstream(settings.next);
    const custom = new CustomCode(settings, options, files);
    const { kind } = definition;
    const component = custom.create(kind, () => definition.create({ ...settings, next: downstream }));
    const guard = new LifecycleGuard(component, custom);
    if (kind === "extension") return withAllOf(component, guard);
    if (kind === "receiver") return guard;
    const consumer = component as Component & Consumer;
    return Object.assign(
      new ConsumerGuard(consumer, custom, downstream, settings, options),
      handOverMethods(component),
    );
  };
  // The kind, and with it the type of create, is the definition's own.
  return { ...definition, revision, create } as unknown as Definition;
}

class LifecycleGuard implements Component {
  readonly #component: Component;
  readonly #custom: CustomCode;

  constructor(component: Component, custom: CustomCode) {
    this.#component = component;
    this.#custom = custom;
  }

  start(host: Host): Promise<void> {
    return this.#custom.lifecycle("start", () => this.#component.start?.(host));
  }

  shutdown(drainMs: number): Promise<void> {
    return this.#custom.lifecycle("shutdown", () => this.#component.shutdown?.(drainMs));
  }
}

/** The guard with whatever else others look for in an extension, which is known by its methods. */
function withAllOf(extension: Component, guard: LifecycleGuard): Component {
  return new Proxy(guard, {
    has: (_, name) => name in extension,
    get(_, name) {
      if (name === "start" || name === "shutdown") return guard[name].bind(guard);
      const value: unknown = Reflect.get(extension, name);
      return typeof value === "function" ? value.bind(extension) : value;
    },
  });
}

class ConsumerGuard extends LifecycleGuard implements Consumer {
  readonly #component: Consumer;
  readonly #custom: CustomCode;
  readonly #downstream: Downstream;
  readonly #settings: UpstreamSettings<unknown>;
  readonly #options: ModuleOptions;
  #isFirst = true;

  constructor(
    component: Component & Consumer,
    custom: CustomCode,
    downstream: Downstream,
    settings: UpstreamSettings<unknown>,
    options: ModuleOptions,
  ) {
    super(component, custom);
    this.#component = component;
    this.#custom = custom;
    this.#downstream = downstream;
    this.#settings = settings;
    this.#options = options;
  }

  async consume(batch: Batch): Promise<void> {
    const downstream = this.#downstream;
    const { next } = this.#settings;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const calls = downstream.calls;
    const cancel = this.#watch();
    try {
      await this.#custom.run(() => this.#component.consume(batch));
      // An exporter has nobody to hand on to.
      if (isFirst && next !== undefined && downstream.calls === calls) this.#custom.tellNothingHandedOn();
    } catch (error) {
      if (downstream.gave(error)) throw error;
      this.#custom.tellError(error);
      if (this.#options.error_mode === "propagate") throw error;
      // Unless it was handed on before the error, in whatever form.
      if (downstream.calls === calls) await next?.consume(batch);
    } finally {
      cancel();
    }
  }

  /** Tells once a batch when it is in the component's own hands for too long. */
  #watch(): () => void {
    return this.#settings.clock.schedule(this.#options.slow_after, () => {
      if (this.#downstream.active === 0) this.#custom.tellSlow();
    });
  }
}
