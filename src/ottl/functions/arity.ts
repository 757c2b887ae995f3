import type { FunctionDefinition } from "./parameter.ts";

/** Whether a function can be called with only its first `count` arguments. */
export function takesArguments({ parameters }: FunctionDefinition, count: number): boolean {
  return Object.values(parameters)
    .slice(count)
    .every(({ optional }) => optional);
}
