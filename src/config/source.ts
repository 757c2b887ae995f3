/** One text that configuration came from, kept so that errors can show its lines. */
export interface Source {
  /** As people wrote it: a path, `env:NAME`, `yaml:`, `--set`. */
  readonly name: string;
  /** Absolute path when it is a file, for what is relative to it. */
  readonly path?: string;
  readonly lines: readonly string[];
}

/** A place in a source; line and column count from 1, the column in UTF-16 units. */
export interface Position {
  readonly source: Source;
  readonly line: number;
  readonly column: number;
}

export function createSource(name: string, text: string, path?: string): Source {
  const lines = text.split(/\r\n|\n|\r/);
  return path === undefined ? { name, lines } : { name, lines, path };
}
