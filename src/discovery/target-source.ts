/** Targets that share labels, as Prometheus' target groups. */
export interface TargetGroup {
  /** Where it comes from, unique within a source. */
  readonly source: string;
  /** Of all its targets; a target's own label of the same name wins. */
  readonly labels: Readonly<Record<string, string>>;
  /** Each with its `__address__`. */
  readonly targets: readonly Readonly<Record<string, string>>[];
}

export interface TargetListener {
  /** All groups that the source knows, whenever they may be others than before. */
  groups(groups: readonly TargetGroup[]): void;
  /** The source could not look, or not everywhere; what it told last stays. */
  failed(error: unknown): void;
  /** The source has looked everywhere. */
  succeeded(): void;
}

/** Where targets come from. Told about them until it is closed; closing before the start is allowed. */
export interface TargetSource {
  /** @throws CollectorError when it can never work as configured */
  start(listener: TargetListener): Promise<void>;
  close(): Promise<void>;
}
