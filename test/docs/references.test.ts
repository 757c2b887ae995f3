import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../cli/terminal.ts";
import { root } from "../support/built-tree.ts";
import { markdownFiles, read, textOf } from "./markdown.ts";

/** The fragments that headings have, as GitHub makes them. */
function fragmentsOf(file: string): readonly string[] {
  const headings = read(file).prose.filter((line) => /^#+ /.test(line));
  return headings.map((line) =>
    line
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with what `pattern` finds in the Markdown files, code included. */
function problems(pattern: RegExp, problemOf: (hit: string, file: string) => string | undefined): string[] {
  return markdownFiles().flatMap((file) =>
    [...textOf(file).matchAll(pattern)].flatMap(([, hit = ""]) => {
      const problem = problemOf(hit, file);
      return problem === undefined ? [] : [`${file}: ${hit}: ${problem}`];
    }),
  );
}

test("links lead to files and headings that are there", () => {
  const dead = problems(/\]\(([^)\s]+)\)/g, (link, file) => {
    if (/^[a-z]+:/.test(link)) return undefined;
    const [path = "", fragment] = link.split("#");
    const target = path === "" ? file : join(dirname(file), decodeURI(path)).replaceAll("\\", "/");
    if (!existsSync(join(root, target))) return "no such file";
    if (fragment === undefined) return undefined;
    return statSync(join(root, target)).isFile() && fragmentsOf(target).includes(fragment)
      ? undefined
      : "no such heading";
  });
  assert.deepEqual(dead, []);
});

test("files that are named are there", () => {
  const paths = /`((?:src|test|docs|scripts|deploy|pipelines|examples)\/[\w./-]+)`/g;
  const gone = problems(paths, (path) => (existsSync(join(root, path)) ? undefined : "no such file"));
  assert.deepEqual(gone, []);
});

test("scripts of npm that are named are there", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const gone = problems(/npm run ([\w:-]+)/g, (name) => (name in scripts ? undefined : "no such script"));
  assert.deepEqual(gone, []);
});

test("commands that are named are there", async () => {
  const { out } = await run(["--help"]);
  const gone = problems(/^(?:\| `|\$ )?(?:bin\/)?otelcol-kubevirt ([a-z][\w-]*)/gm, (name) =>
    out.includes(`\n  ${name} `) ? undefined : "no such command",
  );
  assert.deepEqual(gone, []);
});
