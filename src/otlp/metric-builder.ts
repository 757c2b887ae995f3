import {
  AggregationTemporality,
  type Attributes,
  type DataPoint,
  DataPointType,
  type Metric,
  ValueType,
} from "../metrics/index.ts";

/** A metric while its fields are being read, in whatever order they come. */
export class MetricBuilder {
  name = "";
  description = "";
  unit = "";
  metadata: Attributes | undefined;
  dataPointType: DataPointType = DataPointType.GAUGE;
  aggregationTemporality: AggregationTemporality = AggregationTemporality.UNSPECIFIED;
  isMonotonic = false;
  dataPoints: DataPoint<unknown>[] = [];
  #valueType: ValueType | undefined;

  /** The data is of this kind. Data of another kind that came before gives way, as in any protobuf one-of. */
  begin(dataPointType: DataPointType): void {
    if (dataPointType === this.dataPointType) return;
    this.dataPointType = dataPointType;
    this.aggregationTemporality = AggregationTemporality.UNSPECIFIED;
    this.isMonotonic = false;
    this.dataPoints = [];
    this.#valueType = undefined;
  }

  /** The type of the first value becomes the metric's; only points that differ from it keep their own. */
  ownValueType(valueType: ValueType): ValueType | undefined {
    this.#valueType ??= valueType;
    return valueType === this.#valueType ? undefined : valueType;
  }

  finish(): Metric {
    const { dataPointType, aggregationTemporality } = this;
    const valueType = this.#valueType ?? ValueType.DOUBLE;
    return {
      descriptor: { name: this.name, description: this.description, unit: this.unit, valueType },
      dataPointType,
      aggregationTemporality,
      ...(dataPointType === DataPointType.SUM && { isMonotonic: this.isMonotonic }),
      ...(this.metadata && { metadata: this.metadata }),
      dataPoints: this.dataPoints,
    } as unknown as Metric;
  }
}
