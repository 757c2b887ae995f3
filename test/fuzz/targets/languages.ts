import assert from "node:assert/strict";
import { formatDiagnostics, resolveConfig } from "../../../src/config/index.ts";
import { parseCondition, parseStatement, printExpression, printStatement } from "../../../src/ottl/index.ts";
import { ProblemSignal } from "../../../src/ottl/ottl-error.ts";
import { compileRegex, RegexError } from "../../../src/regex/index.ts";
import { type FuzzTarget, magnitude, refusal } from "../target.ts";

/** A reference in a configuration. */
function reference(to: string): string {
  return `\${${to}}`;
}

/** What was read prints as something that is read the same. */
function reprints<T>(text: string, parse: (text: string) => T, print: (node: T) => string): string {
  let parsed: T;
  try {
    parsed = parse(text);
  } catch (error) {
    return refusal(error, ProblemSignal);
  }
  const printed = print(parsed);
  assert.equal(print(parse(printed)), printed);
  return magnitude(printed.length);
}

export const languageTargets: readonly FuzzTarget[] = [
  {
    name: "ottl",
    seeds: [
      Buffer.from(
        'set(attributes["a"], Concat(["x", "y"], "-")) where name == "b" and not (value_int > 1.5 or true)',
      ),
      Buffer.from('replace_pattern(name, "^k(.*)", "$$1") where IsMatch(resource.attributes["x"][0], "y")'),
    ],
    tokens: [...'()[]{}",.+-*/=<>!', "where", " and ", " or ", "not ", "nil", "true", "1.5", "0x1f", '"\\n"'],
    run(input) {
      const text = input.toString("utf8");
      return `${reprints(text, parseStatement, printStatement)} ${reprints(text, parseCondition, printExpression)}`;
    },
  },
  {
    name: "config",
    seeds: [
      Buffer.from(
        `receivers:\n  otlp: { endpoint: '${reference("env:A:-b")}:1' }\nx: &a [1, 2.5, null, "q"]\ny: *a\nz: ${reference("yaml:{b: 1}")}\n`,
      ),
    ],
    tokens: [
      ..."{}[]:,-&*!|>'\"#%@",
      "\n",
      "  ",
      reference("env:A"),
      reference("file:b"),
      "$$",
      "${",
      "<<: *a",
      "? ",
      "---\n",
      "!!binary ",
    ],
    async run(input) {
      const { root, diagnostics } = await resolveConfig({
        uris: ["0.yaml"],
        sets: [],
        env: { A: "b: [1, 2]" },
        cwd: "/work",
        readFile: async () => input.toString("utf8"),
      });
      formatDiagnostics(diagnostics.items);
      if (diagnostics.hasErrors) return magnitude(diagnostics.items.length);
      return `ok ${typeof root.toValue()}`;
    },
  },
  {
    name: "regex",
    seeds: [
      Buffer.from("^(?s:(a|b)*?[^c-e]+\\d{2,3}(?P<n>x))$"),
      Buffer.from("(?i)\\pL\\x{10ffff}\\Qa.b\\E[[:alpha:]]"),
    ],
    tokens: [..."()[]{}*+?|.^$\\", "(?:", "(?i)", "(?P<a>", "\\p{Greek}", "{1,1000}", "[[:^digit:]]", "\\b"],
    run(input) {
      try {
        const regex = compileRegex(input.toString("utf8"), { anchored: true });
        regex.replaceAll("aab12x", "$1");
        return String(regex.test("aab12x"));
      } catch (error) {
        return refusal(error, RegexError);
      }
    },
  },
];
