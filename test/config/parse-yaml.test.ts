import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messagesOf, resolvedValue, resolveTexts } from "./support.ts";

test("reads numbers as the Collector's YAML library does", async () => {
  const text = "[0123, 0o17, 0x1F, 0b101, 1_000, -010, 089, 1e3, 1.5, '0123', yes, 0, 00]";
  assert.deepEqual(await resolvedValue(`a: ${text}`), {
    a: [83, 15, 31, 5, 1000, -8, 89, 1000, 1.5, "0123", "yes", 0, 0],
  });
});

test("follows aliases and merge keys; own keys win, then the first merged map", async () => {
  const text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 3\nw: *x\nq: {'<<': 1}\n";
  assert.deepEqual(await resolvedValue(text), {
    x: { a: 1, b: 1 },
    y: { b: 2, c: 2 },
    z: { a: 3, b: 1, c: 2 },
    w: { a: 1, b: 1 },
    q: { "<<": 1 },
  });
});

test("reports duplicate keys, bad aliases, bad merges and complex keys at their places, all at once", async () => {
  const text = "a: 1\nb: {c: 1, c: 2}\na: 2\nd: &d [*d]\ne: {<<: 3}\n? [k]\n: 1\n";
  const { diagnostics } = await resolveTexts([text]);
  assert.deepEqual(messagesOf(diagnostics), [
    '0.yaml:2:11: error: duplicate key "c", first set on line 2',
    '0.yaml:3:1: error: duplicate key "a", first set on line 1',
    "0.yaml:4:8: error: invalid YAML: alias *d contains itself",
    "0.yaml:5:5: error: invalid YAML: << merges a map or a list of maps",
    "0.yaml:6:3: error: invalid YAML: a key must be a scalar, not a map or a list",
  ]);
});

test("an alias without an anchor is an error", async () => {
  const { diagnostics } = await resolveTexts(["a: *nope\n"]);
  assert.equal(diagnostics.items.length, 1);
  assert.match(messagesOf(diagnostics)[0] as string, /^0\.yaml:1:4: error: invalid YAML: .*nope/);
});

test("syntax errors have line and column", async () => {
  const { diagnostics } = await resolveTexts(["a: 1\nb: [1, 2\nc: 3\n"]);
  assert.ok(diagnostics.hasErrors);
  assert.ok(
    messagesOf(diagnostics).every((text) => /^0\.yaml:[23]:\d+: error: invalid YAML: [a-z]/.test(text)),
  );
});

test("keys are the text that was written, whatever their YAML type; __proto__ is a key like others", async () => {
  const value = await resolvedValue("{1: a, true: b, 0123: c, ~: d, __proto__: e, constructor: f}");
  assert.deepEqual(
    Object.entries(value as object),
    [
      ["1", "a"],
      ["true", "b"],
      ["0123", "c"],
      ["~", "d"],
      ["__proto__", "e"],
      ["constructor", "f"],
    ].toSorted(([a], [b]) => Number(b === "1") - Number(a === "1")),
  );
});

test("an alias bomb and endless nesting are refused, not executed", async () => {
  const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i <= 8; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]`);
  for (const text of [
    bomb.join("\n"),
    `a: ${"[".repeat(300)}${"]".repeat(300)}`,
    `a: ${"[".repeat(20_000)}`,
  ]) {
    const { diagnostics } = await resolveTexts([text]);
    assert.ok(diagnostics.hasErrors);
  }
});

test("never throws, whatever the text", async () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        "a",
        ":",
        " ",
        "\n",
        "- ",
        "&a ",
        "*a",
        "<<",
        "{",
        "}",
        "[",
        "]",
        "${",
        "$",
        "env:A",
        "'",
        '"',
        "|",
        ">",
        "#",
        "!t ",
        "? ",
        "::",
        "\t",
        "0x",
        "~",
        "%",
        "---\n",
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(fc.oneof(yamlish, fc.string({ unit: "binary", maxLength: 40 })), async (text) => {
      const { root, diagnostics } = await resolveTexts([text, "z: 1"], { env: { A: text } });
      assert.equal(root.kind, "map");
      for (const { line, column, sourceLine } of diagnostics.items) {
        assert.ok(line >= 1 && column >= 1, "has a place");
        assert.equal(typeof sourceLine, "string");
      }
      root.toValue();
    }),
    { numRuns: 1000 },
  );
});

test("positions point at the text of the value", async () => {
  const word = fc.stringMatching(/^[a-z]{1,6}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        word,
        fc.oneof(
          word.map((w) => `v${w}`),
          fc.array(word.map((w) => `v${w}`)),
        ),
        { minKeys: 1 },
      ),
      async (data) => {
        const lines = ["root:"];
        for (const [key, value] of Object.entries(data)) {
          if (typeof value === "string") lines.push(`  ${key}:  ${value}`);
          else lines.push(`  ${key}:`, ...value.map((item) => `    - ${item}`));
        }
        const { root, diagnostics } = await resolveTexts([lines.join("\n")]);
        assert.deepEqual(diagnostics.items, []);
        const check = (node: typeof root) => {
          for (const item of node.items) check(item);
          for (const { key, keyPosition, node: inner } of node.entries()) {
            assert.ok(lines[keyPosition.line - 1]?.startsWith(`${key}:`, keyPosition.column - 1));
            check(inner);
          }
          if (node.kind === "scalar") {
            const { line, column } = node.position;
            assert.ok(lines[line - 1]?.startsWith(String(node.scalar), column - 1));
          }
        };
        check(root);
      },
    ),
  );
});
