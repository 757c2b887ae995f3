import type { GroupProblem } from "./compile/compile-group.ts";

/** An issue of a config schema: the problem of a statement at its place in the configuration. */
export type ProblemIssue = {
  readonly code: "custom";
  readonly input: unknown;
  readonly path: PropertyKey[];
  readonly message: string;
  readonly params: { readonly hint?: string };
};

/** @param path of the statement in the configuration */
export function problemIssue(
  { error }: GroupProblem,
  path: readonly PropertyKey[],
  text: string,
): ProblemIssue {
  return {
    code: "custom",
    input: text,
    path: [...path],
    message: error.message,
    params: error.hint === undefined ? {} : { hint: error.hint },
  };
}
