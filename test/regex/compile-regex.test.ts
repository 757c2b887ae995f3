import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { compileRegex, RegexError } from "../../src/regex/index.ts";

test("anchored patterns match the whole text only", () => {
  const regex = compileRegex("a|ab", { anchored: true });
  assert.equal(regex.test("ab"), true);
  assert.equal(regex.test("abc"), false);
});

test("classes, the dot and anchors mean what RE2 means by them", () => {
  assert.equal(compileRegex("^\\s$").test("\u00a0"), false);
  assert.equal(compileRegex("^.$").test("\u2028"), true);
  assert.equal(compileRegex("^.$").test("😀"), true);
  assert.equal(compileRegex("^.$").test("\n"), false);
  assert.equal(compileRegex("a$").test("a\n"), false);
  assert.equal(compileRegex("(?i)KUBE").test("kube"), true);
});

test("replacements follow Go", () => {
  const rows: readonly [pattern: string, text: string, template: string, result: string][] = [
    ["a*", "baaac", "x", "xbxcx"],
    ["^kube_([0-9A-Za-z]+_)", "kube_pod_x", "k8s.$1.", "k8s.pod_.x"],
    ["(a)(b)?", "ab-a", "<$2>", "<b>-<>"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of Go
    ["(?P<first>a)", "aa", "${first}!", "a!a!"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of Go
    ["(a)", "a", "$1x|${1}x|$$1|$9", "|ax|$1|"],
    ["", "😀", "-", "-😀-"],
  ];
  for (const [pattern, text, template, expected] of rows) {
    assert.equal(compileRegex(pattern).replaceAll(text, template), expected, pattern);
  }
});

test("what RE2 refuses is refused, with its reason", () => {
  for (const pattern of ["a(", "(?=x)", "(a)\\1", "[z-a]", "a{2000}", ")("]) {
    assert.throws(() => compileRegex(pattern, { anchored: true }), RegexError, pattern);
  }
  assert.throws(() => compileRegex("(?<!a)b"), /invalid regular expression "\(\?<!a\)b": /);
});

test("patterns that make a backtracking engine explode do not", () => {
  const text = "a".repeat(50_000);
  assert.equal(compileRegex("(a*)*b").test(text), false);
  assert.equal(compileRegex("(a|aa)+$").test(`${text}!`), false);
  assert.equal(compileRegex("a*a*a*a*c").test(text), false);
});

const piece = fc.constantFrom(
  ..."ab_.^$|()*+?-[]".split(""),
  "\\d",
  "\\w",
  "\\s",
  "\\W",
  "\\.",
  "[a-c]",
  "[^b]",
  "(?:",
  "{1,2}",
  "{2}",
  ".*",
  "0",
  "é",
);

test("whichever engine runs it, a pattern matches where RE2 says", () => {
  const patterns = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""));
  const texts = fc.array(fc.constantFrom(..."ab_.-0é\n \v]".split(""), "😀"), { maxLength: 10 });
  fc.assert(
    fc.property(patterns, texts, fc.boolean(), (pattern, parts, anchored) => {
      let reference: RE2JS;
      try {
        RE2JS.compile(pattern);
        reference = RE2JS.compile(anchored ? `^(?:${pattern})$` : pattern);
      } catch {
        assert.throws(() => compileRegex(pattern, { anchored }), RegexError);
        return;
      }
      const text = parts.join("");
      const matcher = reference.matcher(text);
      const expected = matcher.find()
        ? [
            matcher.start(),
            matcher.end(),
            ...Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i)),
          ]
        : undefined;
      const match = compileRegex(pattern, { anchored }).match(text);
      const actual = match && [match.start, match.end, ...match.groups.map((group) => group ?? null)];
      assert.deepEqual(actual, expected);
    }),
    { numRuns: 3000 },
  );
});
