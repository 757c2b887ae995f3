import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/built-tree.ts";

/** A fenced block of a Markdown file. */
export interface Block {
  /** Path from the root, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Every Markdown file of the project, by its path from the root, with slashes. */
export function markdownFiles(): readonly string[] {
  const exclude = (name: string) => /^(node_modules|dist.*|coverage)$/.test(name);
  return globSync("**/*.md", { cwd: root, exclude })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n");
}

/** The prose (every line; those of blocks empty) and the fenced blocks of a file. */
export function read(file: string): { readonly prose: readonly string[]; readonly blocks: readonly Block[] } {
  const prose: string[] = [];
  const blocks: Block[] = [];
  let open: { line: number; language: string; lines: string[] } | undefined;
  for (const [i, line] of textOf(file).split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence && open) {
      blocks.push({ file, line: open.line, language: open.language, text: open.lines.join("\n") });
      open = undefined;
    } else if (fence) open = { line: i + 1, language: fence[1] ?? "", lines: [] };
    else open?.lines.push(line);
    prose.push(fence || open ? "" : line);
  }
  return { prose, blocks };
}
