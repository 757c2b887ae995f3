import type { ZodType } from "zod";
import type { Component, Consumer, Settings, UpstreamSettings } from "./component.ts";

export type Stability = "development" | "alpha" | "beta" | "stable" | "deprecated";

export type ComponentKind = "receiver" | "processor" | "exporter" | "extension" | "connector";

/** What every definition says; `create` must not do I/O, `start` does. */
export interface BaseDefinition<Config = unknown> {
  /** lower_snake_case, as written in the configuration. */
  readonly type: string;
  /** Older or shorter names accepted in its place, with a warning. */
  readonly aliases?: readonly string[];
  readonly stability: Stability;
  /** Of custom code: changes when the code does, so that a reload makes a new component. */
  readonly revision?: string;
  /** One line for `components` and the docs. */
  readonly description?: string;
  /** A strict zod object: each option described, with its default. `undefined` and null must parse to the defaults if the component has no required option. */
  readonly config: ZodType<Config>;
  /** Other components that a config names, so that `validate` can check them. */
  references?(config: Config): readonly Reference[];
  /** Remarks on a valid config that are worth a warning at load time. */
  warnings?(
    config: Config,
  ): readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
}

export interface Reference {
  readonly kind: ComponentKind;
  readonly id: string;
  /** Where in the component's config it stands. */
  readonly path: readonly (string | number)[];
}

export interface ReceiverDefinition<Config = unknown> extends BaseDefinition<Config> {
  readonly kind: "receiver";
  create(settings: UpstreamSettings<Config>): Component;
}

export interface ProcessorDefinition<Config = unknown> extends BaseDefinition<Config> {
  readonly kind: "processor";
  /** Keeps what it is passed for later while its callers wait: their waiting is not counted as time that it takes. */
  readonly holdsBack?: boolean;
  create(settings: UpstreamSettings<Config>): Component & Consumer;
}

export interface ExporterDefinition<Config = unknown> extends BaseDefinition<Config> {
  readonly kind: "exporter";
  create(settings: Settings<Config>): Component & Consumer;
}

/** Takes data as an exporter of some pipelines, and hands it on as a receiver of others. */
export interface ConnectorDefinition<Config = unknown> extends BaseDefinition<Config> {
  readonly kind: "connector";
  create(settings: UpstreamSettings<Config>): Component & Consumer;
}

export interface ExtensionDefinition<Config = unknown> extends BaseDefinition<Config> {
  readonly kind: "extension";
  create(settings: Settings<Config>): Component;
}

export type Definition =
  | ReceiverDefinition
  | ProcessorDefinition
  | ExporterDefinition
  | ExtensionDefinition
  | ConnectorDefinition;

/** The components of a distribution. */
export interface ComponentSet {
  readonly receivers: readonly ReceiverDefinition[];
  readonly processors: readonly ProcessorDefinition[];
  readonly exporters: readonly ExporterDefinition[];
  readonly extensions: readonly ExtensionDefinition[];
  readonly connectors: readonly ConnectorDefinition[];
}

type Declared<T> = Omit<T, "kind">;

export function defineReceiver<Config>(
  definition: Declared<ReceiverDefinition<Config>>,
): ReceiverDefinition<Config> {
  return { ...definition, kind: "receiver" };
}

export function defineExporter<Config>(
  definition: Declared<ExporterDefinition<Config>>,
): ExporterDefinition<Config> {
  return { ...definition, kind: "exporter" };
}

export function defineExtension<Config>(
  definition: Declared<ExtensionDefinition<Config>>,
): ExtensionDefinition<Config> {
  return { ...definition, kind: "extension" };
}
