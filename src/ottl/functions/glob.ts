import { compileRegex } from "../../regex/index.ts";

/**
 * A test for Go's `filepath.Match` syntax: `*` and `?` stop at "/", `[a-z]` and `[^a-z]` are classes, `\` escapes.
 * @throws Error for a pattern that is none
 */
export function compileGlob(glob: string): (text: string) => boolean {
  let source = "";
  for (let i = 0; i < glob.length; ) {
    const char = String.fromCodePoint(glob.codePointAt(i) as number);
    i += char.length;
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const match = /^\^?(?:\\.|[^\\\]])+\]/su.exec(glob.slice(i));
      if (match === null) throw new Error(`malformed glob ${JSON.stringify(glob)}: class is not closed`);
      i += match[0].length;
      source += `[${match[0].replace(/(?<!^)[[^&~]/g, "\\$&")}`;
    } else {
      const escaped = char === "\\" ? String.fromCodePoint(glob.codePointAt(i) ?? 0) : char;
      if (char === "\\") {
        if (i >= glob.length)
          throw new Error(`malformed glob ${JSON.stringify(glob)}: nothing behind the last \\`);
        i += escaped.length;
      }
      source += escaped.replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
    }
  }
  const regex = compileRegex(`(?s)${source}`, { anchored: true });
  return (text) => regex.test(text);
}
