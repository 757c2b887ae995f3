import {
  AggregationTemporality,
  type Attributes,
  type DataPointType,
  DataPointType as Type,
} from "../../metrics/index.ts";
import { fromAttribute } from "../values/attribute-values.ts";
import type { ContextName } from "./context-name.ts";
import type { Frame } from "./draft.ts";
import type { Field } from "./field.ts";
import { pointFields } from "./point-fields.ts";

/** OTTL's numbers of metric types. */
export const metricTypes: ReadonlyMap<DataPointType, bigint> = new Map([
  [Type.GAUGE, 1n],
  [Type.SUM, 2n],
  [Type.HISTOGRAM, 3n],
  [Type.EXPONENTIAL_HISTOGRAM, 4n],
  [Type.SUMMARY, 5n],
]);

const temporalities: readonly (readonly [bigint, AggregationTemporality])[] = [
  [0n, AggregationTemporality.UNSPECIFIED],
  [1n, AggregationTemporality.DELTA],
  [2n, AggregationTemporality.CUMULATIVE],
];

export const enums: ReadonlyMap<string, bigint> = new Map([
  ["METRIC_DATA_TYPE_NONE", 0n],
  ["METRIC_DATA_TYPE_GAUGE", 1n],
  ["METRIC_DATA_TYPE_SUM", 2n],
  ["METRIC_DATA_TYPE_HISTOGRAM", 3n],
  ["METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4n],
  ["METRIC_DATA_TYPE_SUMMARY", 5n],
  ["AGGREGATION_TEMPORALITY_UNSPECIFIED", 0n],
  ["AGGREGATION_TEMPORALITY_DELTA", 1n],
  ["AGGREGATION_TEMPORALITY_CUMULATIVE", 2n],
  ["FLAG_NONE", 0n],
  ["FLAG_NO_RECORDED_VALUE", 1n],
]);

const resourceFields: Readonly<Record<string, Field>> = {
  attributes: {
    type: "map",
    isAttributes: true,
    get: ({ resource }) => resource.resource.attributes,
    set: ({ resource }, value) => {
      resource.resource = { ...resource.resource, attributes: value as Attributes };
    },
  },
  dropped_attributes_count: {
    type: "int",
    get: ({ resource }) => BigInt(resource.resource.droppedAttributesCount ?? 0),
    set: ({ resource }, value) => {
      resource.resource = { ...resource.resource, droppedAttributesCount: Number(value) };
    },
  },
  schema_url: {
    type: "string",
    get: ({ resource }) => resource.resource.schemaUrl ?? "",
    set: ({ resource }, value) => {
      resource.resource = { ...resource.resource, schemaUrl: value as string };
    },
  },
};

const scopeFields: Readonly<Record<string, Field>> = {
  name: {
    type: "string",
    get: ({ scope }) => scope.scope.name,
    set: ({ scope }, value) => {
      scope.scope = { ...scope.scope, name: value as string };
    },
  },
  version: {
    type: "string",
    get: ({ scope }) => scope.scope.version ?? "",
    set: ({ scope }, value) => {
      scope.scope = { ...scope.scope, version: value as string };
    },
  },
  attributes: {
    type: "map",
    isAttributes: true,
    get: ({ scope }) => scope.scope.attributes ?? {},
    set: ({ scope }, value) => {
      scope.scope = { ...scope.scope, attributes: value as Attributes };
    },
  },
  dropped_attributes_count: {
    type: "int",
    get: ({ scope }) => BigInt(scope.scope.droppedAttributesCount ?? 0),
    set: ({ scope }, value) => {
      scope.scope = { ...scope.scope, droppedAttributesCount: Number(value) };
    },
  },
  schema_url: {
    type: "string",
    get: ({ scope }) => scope.scope.schemaUrl ?? "",
    set: ({ scope }, value) => {
      scope.scope = { ...scope.scope, schemaUrl: value as string };
    },
  },
};

const metricFields: Readonly<Record<string, Field>> = {
  name: descriptorField("name"),
  description: descriptorField("description"),
  unit: descriptorField("unit"),
  type: {
    type: "int",
    get: ({ metric }) => metricTypes.get(metric.dataPointType),
    readOnlyHint: "use convert_sum_to_gauge() or convert_gauge_to_sum(...)",
  },
  aggregation_temporality: {
    type: "int",
    get: ({ metric }) =>
      hasTemporality(metric.dataPointType) ? temporalityNumber(metric.aggregationTemporality) : undefined,
    set: ({ metric }, value) => {
      const ours = temporalities.find(([theirs]) => theirs === value)?.[1];
      if (ours !== undefined && hasTemporality(metric.dataPointType)) metric.aggregationTemporality = ours;
    },
  },
  is_monotonic: {
    type: "bool",
    get: ({ metric }) => (metric.dataPointType === Type.SUM ? metric.isMonotonic : undefined),
    set: ({ metric }, value) => {
      if (metric.dataPointType === Type.SUM) metric.isMonotonic = value as boolean;
    },
  },
  metadata: {
    type: "map",
    isAttributes: true,
    get: ({ metric }) => metric.metadata ?? {},
    set: ({ metric }, value) => {
      metric.metadata = value as Attributes;
    },
  },
  data_points: {
    type: "list",
    spansPoints: true,
    // What there is of them in every context, and nothing that only the engine knows.
    get: ({ metric }) => metric.points.map(({ attributes }) => ({ attributes: fromAttribute(attributes) })),
    readOnlyHint: "write the points in the datapoint context",
  },
};

/** OTTL's number of a temporality. */
export function temporalityNumber(temporality: AggregationTemporality): bigint | undefined {
  return temporalities.find(([, ours]) => ours === temporality)?.[0];
}

export function hasTemporality(type: DataPointType): boolean {
  return type !== Type.GAUGE && type !== Type.SUMMARY;
}

function descriptorField(key: "name" | "description" | "unit"): Field {
  return {
    type: "string",
    get: ({ metric }) => metric.descriptor[key],
    set: ({ metric }, value) => {
      metric.descriptor = { ...metric.descriptor, [key]: value as string };
    },
  };
}

export const fieldsOf: Readonly<Record<ContextName, Readonly<Record<string, Field>>>> = {
  resource: resourceFields,
  scope: scopeFields,
  metric: metricFields,
  datapoint: pointFields,
};

export const cacheField: Field = {
  type: "map",
  get: ({ cache }: Frame) => cache,
  set: (frame, value) => {
    frame.cache = value as Frame["cache"];
  },
};
