import { Batch, type Column, type ColumnBuffers, type Layout, memoise, STALE } from "../../metrics/index.ts";
import type { CompiledStatement } from "../compile/compile-group.ts";
import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import { EvaluationError } from "../ottl-error.ts";
import { typeOf } from "../values/value-type.ts";
import type { OnError } from "./execute.ts";
import type { LayoutStep } from "./layout-step.ts";
import { PointCursor, type Selection, select } from "./selection.ts";

/** What is calculated for each chosen point: the new number, or undefined to leave it. */
export interface ValueRule {
  readonly text: string;
  readonly context: ContextName;
  /** By names and attributes: evaluated once for each layout. */
  readonly selects: (frame: Frame) => boolean;
  /** By values; undefined when the names say all. */
  readonly where: ((frame: Frame) => boolean) | undefined;
  readonly compute: (frame: Frame) => unknown;
  /** Set for a plain product, which needs no frame. */
  readonly factor: number | undefined;
  /** What also happens to names. */
  readonly names: LayoutStep | undefined;
  /** Whether points that are no plain numbers are left alone in any case. */
  readonly ignoresComposites: boolean;
  readonly statement: CompiledStatement;
}

/** Writes the values of a batch into a new column, slot by slot. */
export class ValueStep {
  readonly #rule: ValueRule;
  readonly #frame: Frame;
  readonly #selections: (layout: Layout) => Selection;

  constructor(rule: ValueRule, frame: Frame) {
    this.#rule = rule;
    this.#frame = frame;
    this.#selections = memoise((layout) => select(layout, frame, rule.selects, rule.ignoresComposites));
  }

  /** Undefined when the batch has chosen points that are not simply a float in a slot. */
  apply(batch: Batch, buffers: ColumnBuffers, onError: OnError): Batch | undefined {
    const { layout, column } = batch;
    let selection: Selection;
    try {
      selection = this.#selections(layout);
    } catch {
      // The condition fails for some item: let it fail where errors are counted item by item.
      return undefined;
    }
    if (selection.hasOthers || hasSpecialPoints(selection, column)) return undefined;
    const { names, factor } = this.#rule;
    const renamed = names === undefined ? layout : names.map(layout);
    if (selection.points.length === 0) {
      return renamed === layout ? batch : Batch.fromColumns(renamed, column);
    }
    const values = buffers.takeValues(layout.width);
    values.set(column.values.subarray(0, layout.width));
    if (factor !== undefined && this.#rule.where === undefined) scale(selection, values, factor);
    else this.#compute(selection, column, values, onError);
    return Batch.fromColumns(renamed, column.with({ values }));
  }

  #compute({ points }: Selection, { presence }: Column, values: Float64Array, onError: OnError): void {
    const { compute, where, text } = this.#rule;
    const frame = this.#frame;
    const cursor = new PointCursor();
    frame.point = cursor;
    const { states } = presence;
    for (const { resource, scope, metric, layout, indices } of points) {
      frame.resource = resource;
      frame.scope = scope;
      frame.metric = metric;
      const { slots, attributes } = layout;
      for (const index of indices) {
        const slot = slots[index] as number;
        // Absent and stale slots hold nothing.
        if (states !== undefined && (states[slot] === 0 || states[slot] === STALE)) continue;
        cursor.attributes = attributes[index] as PointCursor["attributes"];
        cursor.data.value = values[slot] as number;
        try {
          if (where !== undefined && !where(frame)) continue;
          const result = compute(frame);
          if (typeof result === "number") values[slot] = result;
          else if (result !== undefined) {
            throw new EvaluationError(
              `datapoint.value_double is float and cannot be set to ${typeOf(result)}`,
            );
          }
        } catch (error) {
          onError(text, error as Error);
        }
      }
    }
  }
}

function scale({ points }: Selection, values: Float64Array, factor: number): void {
  for (const { layout, indices } of points) {
    const { slots } = layout;
    for (let i = 0; i < indices.length; i++) {
      const slot = slots[indices[i] as number] as number;
      values[slot] = (values[slot] as number) * factor;
    }
  }
}

/** Whether a chosen point is an integer by its own type, which no slot says. */
function hasSpecialPoints({ points }: Selection, { extras }: Column): boolean {
  if (extras === undefined) return false;
  return points.some(({ layout, indices }) =>
    indices.some((index) => {
      const more = extras.get(layout.slots[index] as number);
      return more?.integer !== undefined || more?.valueType !== undefined;
    }),
  );
}
