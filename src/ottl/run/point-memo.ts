import type { Attributes } from "../../metrics/index.ts";
import type { StatementGroup } from "../compile/compile-group.ts";
import type { ContextName } from "../context/context-name.ts";
import type { Frame, ResourceDraft } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";
import { type Execution, executeGroup, executeItem, forEachItem } from "./execute.ts";

/**
 * Runs a group over a layout. Where the attributes of a point become a function of themselves and of the names around
 * them, the result for the same objects is remembered: a label set that many metrics share is worked on once, and when a
 * series comes or goes the others cost a look-up.
 */
export function layoutRunner(
  group: StatementGroup,
): (drafts: readonly ResourceDraft[], execution: Execution) => void {
  const effects = new Effects();
  for (const statement of [...group.statements, ...group.conditions]) effects.add(statement.effects);
  const writesPointsOnly = [...effects.writes].every((written) => written === "datapoint");
  if (group.context !== "datapoint" || !writesPointsOnly || effects.spansPoints || effects.addsMetrics) {
    return (drafts, execution) => executeGroup(group, drafts, execution);
  }
  const memo = new PointMemo(effects.reads);
  return (drafts, execution) => {
    const { frame } = execution;
    let failed = false;
    const watched: Execution = {
      ...execution,
      onError(text, error) {
        failed = true;
        execution.onError(text, error);
      },
    };
    forEachItem("datapoint", drafts, frame, () => {
      const { point } = frame;
      const results = memo.resultsFor(frame);
      const source = point.attributes;
      const known = results.get(source);
      if (known !== undefined) {
        point.attributes = known;
        return;
      }
      failed = false;
      executeItem(group, watched);
      // What failed is to fail, and be told, again.
      if (!failed) results.set(source, point.attributes);
    });
  };
}

type Results = WeakMap<Attributes, Attributes>;

const NO_METADATA = {};

/** Results by the attributes of points, for each combination of the names around them that matter. */
class PointMemo {
  readonly #reads: ReadonlySet<ContextName>;
  readonly #root: Node = new Node();
  #frameKeys: readonly object[] = [];
  #kind = "";
  #current: Results | undefined;

  constructor(reads: ReadonlySet<ContextName>) {
    this.#reads = reads;
  }

  resultsFor({ resource, scope, metric }: Frame): Results {
    const keys: object[] = [];
    let kind = "";
    if (this.#reads.has("resource")) keys.push(resource.resource);
    if (this.#reads.has("scope")) keys.push(scope.scope);
    if (this.#reads.has("metric")) {
      keys.push(metric.descriptor, metric.metadata ?? NO_METADATA);
      kind = `${metric.dataPointType} ${metric.aggregationTemporality} ${metric.isMonotonic}`;
    }
    // Neighbours have the same names around them.
    const isSame = kind === this.#kind && keys.every((key, i) => key === this.#frameKeys[i]);
    if (this.#current === undefined || !isSame) {
      this.#frameKeys = keys;
      this.#kind = kind;
      this.#current = keys.reduce<Node>((node, key) => node.child(key), this.#root).results(kind);
    }
    return this.#current;
  }
}

class Node {
  readonly #children = new WeakMap<object, Node>();
  readonly #results = new Map<string, Results>();

  child(key: object): Node {
    let child = this.#children.get(key);
    if (child === undefined) {
      child = new Node();
      this.#children.set(key, child);
    }
    return child;
  }

  results(kind: string): Results {
    let results = this.#results.get(kind);
    if (results === undefined) {
      results = new WeakMap();
      this.#results.set(kind, results);
    }
    return results;
  }
}
