import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Diagnostics, validateNode, z } from "../../src/config/index.ts";
import { type Inputs, messagesOf, resolvedValue, resolveTexts } from "./support.ts";

const env = {
  PORT: "4317",
  OCTAL: "0123",
  FLAG: "true",
  LIST: "[a, b]",
  MAP: `k: \${env:PORT}`,
  EMPTY: "",
  QUOTED: '"abc"',
  BROKEN: "[a",
  NAME: "PORT",
  DOLLARS: "a$$b",
  SELF: `\${env:SELF}`,
  GROW: `\${env:GROW}x\${env:GROW}`,
};

/** [written value, typed value, text for a string option] */
const cases: [written: string, typed: unknown, asString: string][] = [
  [`\${env:PORT}`, 4317, "4317"],
  [`\${PORT}`, 4317, "4317"],
  [`"\${PORT}"`, 4317, "4317"],
  [`\${env:OCTAL}`, 83, "0123"],
  [`\${env:FLAG}`, true, "true"],
  [`\${env:LIST}`, ["a", "b"], "[a, b]"],
  [`\${env:MAP}`, { k: 4317 }, "k: 4317"],
  [`\${env:EMPTY}`, null, ""],
  [`\${env:EMPTY:-d}`, null, ""],
  [`\${env:NOPE:-8080}`, 8080, "8080"],
  [`\${env:NOPE:-}`, null, ""],
  [`\${env:QUOTED}`, '"abc"', '"abc"'],
  [`\${env:BROKEN}`, "[a", "[a"],
  [`\${env:\${env:NAME}}`, 4317, "4317"],
  [`\${env:NOPE:-\${env:PORT}}`, 4317, "4317"],
  [`\${yaml:[1, 2]}`, [1, 2], "[1, 2]"],
  [`\${file:port.txt}`, 4317, "4317\n"],
  [`\${file:word.txt}`, "word\n", "word\n"],
  [`x-\${env:OCTAL}-\${OCTAL}`, "x-0123-0123", "x-0123-0123"],
  [`$\${env:PORT}`, `\${env:PORT}`, `\${env:PORT}`],
  [`$$\${env:PORT}`, "$4317", "$4317"],
  [`$$$\${env:PORT}`, `$\${env:PORT}`, `$\${env:PORT}`],
  [`$\${env:PORT} \${env:PORT}`, `\${env:PORT} 4317`, `\${env:PORT} 4317`],
  [`$PORT`, "$PORT", "$PORT"],
  [`a$$b`, "a$b", "a$b"],
  [`\${env:DOLLARS}`, "a$b", "a$b"],
  [`\${env:PORT`, `\${env:PORT`, `\${env:PORT`],
];

const inputs: Inputs = { env, files: { "port.txt": "4317\n", "word.txt": "word\n" } };

for (const [written, typed, asString] of cases) {
  test(`${written} is ${JSON.stringify(typed)}, as a string ${JSON.stringify(asString)}`, async () => {
    const text = written.startsWith('"') ? written : JSON.stringify(written);
    const { root, diagnostics } = await resolveTexts([`a: ${text}`], inputs);
    assert.deepEqual(diagnostics.items, []);
    assert.deepEqual(root.toValue(), { a: typed });
    const collected = new Diagnostics();
    assert.deepEqual(validateNode(root, z.strictObject({ a: z.string() }), { diagnostics: collected }), {
      a: asString,
    });
  });
}

test("keys are not substituted, and values are only after merging", async () => {
  const text = [`a: \${env:NOPE}\n\${env:PORT}: 1`, "a: 2"];
  const { root, diagnostics } = await resolveTexts(text, inputs);
  assert.deepEqual(root.toValue(), { a: 2, [`\${env:PORT}`]: 1 });
  assert.deepEqual(diagnostics.items, []);
});

test("an unset variable is a warning at its place and an empty value", async () => {
  const { root, diagnostics } = await resolveTexts([
    `a: \${env:NOPE}\nb: x \${NOPE} y\nc: |\n  one\n  two \${NOPE}\n`,
  ]);
  assert.deepEqual(root.toValue(), { a: null, b: "x  y", c: "one\ntwo \n" });
  assert.deepEqual(messagesOf(diagnostics), [
    '0.yaml:1:4: warning: a: environment variable "NOPE" is not set, using an empty value',
    '0.yaml:2:6: warning: b: environment variable "NOPE" is not set, using an empty value',
    '0.yaml:5:7: warning: c: environment variable "NOPE" is not set, using an empty value',
  ]);
});

test("what cannot be substituted is reported with a way out, and does not hide the rest", async () => {
  const text = [
    `a: \${1}`,
    `b: \${file:gone.txt}`,
    `c: \${NOPE:-d}`,
    `d: \${foo:bar}`,
    `e: \${env:SELF}`,
    `f: \${env:GROW}`,
    `g: \${env:a$b}`,
    `h: \${env:PORT}`,
  ].join("\n");
  const { root, diagnostics } = await resolveTexts([text], inputs);
  assert.equal(root.get("h")?.scalar, 4317);
  assert.deepEqual(messagesOf(diagnostics), [
    '0.yaml:1:4: error: a: environment variable "1" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$',
    '0.yaml:2:4: error: b: unable to read the file "gone.txt": no such file or directory',
    '0.yaml:3:4: error: c: unsupported scheme on URI "NOPE:-d" (supported: file, env, yaml)',
    '0.yaml:4:4: error: d: unsupported scheme on URI "foo:bar" (supported: file, env, yaml)',
    "0.yaml:5:4: error: e: too many recursive expansions",
    "0.yaml:6:4: error: f: too many recursive expansions",
    "0.yaml:7:4: error: g: the uri \"env:a$b\" contains unsupported characters ('$')",
  ]);
  assert.deepEqual(
    diagnostics.items.slice(0, 3).map(({ hint }) => hint),
    [`to keep the text as it is, write $\${1}`, undefined, `write \${env:NOPE:-d} for a default`],
  );
});

test("everything that a substitution brings in has the place of the reference", async () => {
  const { root } = await resolveTexts([`x: 1\na: \${env:MAP}`], inputs);
  const { source, line, column } = root.at(["a", "k"])?.position ?? assert.fail();
  assert.deepEqual([source.name, line, column], ["0.yaml", 2, 4]);
});

test("a deep chain of references is not too many", async () => {
  const chain: Record<string, string> = { V40: "end" };
  for (let i = 0; i < 40; i++) chain[`V${i}`] = `\${env:V${i + 1}}`;
  assert.deepEqual(await resolvedValue(`a: \${env:V0}`, { env: chain }), { a: "end" });
});

test("any text survives doubling its dollars, as part of a value and as a whole", async () => {
  const piece = fc.constantFrom("$", "$$", "${", "}", "env:A", "x", " ");
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }).map((p) => p.join("")),
      async (text) => {
        const escaped = text.replaceAll("$", "$$$$");
        assert.deepEqual(await resolvedValue(`a: ${JSON.stringify(`_${escaped}`)}`), { a: `_${text}` });
      },
    ),
  );
});

test("embedded references are plain text replacement", async () => {
  const word = fc.stringMatching(/^[a-z0-9 :,#-]{0,8}$/);
  await fc.assert(
    fc.asyncProperty(word, word, word, async (before, value, after) => {
      const written = `<${before}\${env:A}${after}>`;
      assert.deepEqual(await resolvedValue(`a: ${JSON.stringify(written)}`, { env: { A: value } }), {
        a: `<${before}${value}${after}>`,
      });
    }),
  );
});
