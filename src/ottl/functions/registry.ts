import { collectionFunctions } from "./collections.ts";
import { editors } from "./editors.ts";
import { encodingFunctions } from "./encodings.ts";
import { hashFunctions } from "./hashes.ts";
import { metricKindFunctions } from "./metric-kinds.ts";
import { metricValueFunctions } from "./metric-values.ts";
import { networkFunctions } from "./network.ts";
import type { FunctionDefinition } from "./parameter.ts";
import { parsingFunctions } from "./parsing.ts";
import { pointTests } from "./point-tests.ts";
import { replacements } from "./replacements.ts";
import { stringFunctions } from "./strings.ts";
import { timeFunctions } from "./times.ts";
import { typeFunctions } from "./types.ts";

const converters = [
  ...collectionFunctions,
  ...encodingFunctions,
  ...hashFunctions,
  ...networkFunctions,
  ...parsingFunctions,
  ...stringFunctions,
  ...timeFunctions,
  ...typeFunctions,
];

function byName(definitions: readonly FunctionDefinition[]): ReadonlyMap<string, FunctionDefinition> {
  return new Map(definitions.map((definition) => [definition.name, definition]));
}

/** What statements can call. */
export const statementFunctions = byName([
  ...converters,
  ...editors,
  ...replacements,
  ...metricKindFunctions,
  ...metricValueFunctions,
]);

/** What conditions can call. */
export const conditionFunctions = byName([...converters, ...pointTests]);
