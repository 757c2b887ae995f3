import { compileStatements, contextNames } from "../../ottl/index.ts";
import { type Config, groupOf } from "./config.ts";

interface Warning {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Statements that are valid and rarely meant. */
export function warningsOf({ metric_statements: sources }: Config): readonly Warning[] {
  return sources.flatMap((source, i) => {
    const { group } = compileStatements(groupOf(source));
    return (group?.statements ?? []).flatMap(({ runEffects }, j): Warning[] => {
      const own = contextNames.indexOf(group?.context ?? "resource");
      const outer = [...runEffects.writes].find((written) => contextNames.indexOf(written) < own);
      if (outer === undefined) return [];
      const path = ["metric_statements", i, ...(typeof source === "string" ? [] : ["statements", j])];
      return [
        {
          path,
          message: `writes to the ${outer} once for each ${group?.context}: the last one wins; to split resources by an attribute of points use groupbyattrs`,
        },
      ];
    });
  });
}
