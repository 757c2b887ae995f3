/**
 * The rules of the OpenMetrics 1.0 specification that a body is checked against, with what they say. Rules about what an
 * exposer should do, or about more than one body, are not among them.
 */
export const rules = {
  syntax: "ABNF: lines, numbers and quoting",
  "label-syntax": "ABNF: labels are separated by commas, none stands last; names are not quoted",
  "line-endings": "lines end with a line feed, without a carriage return",
  "reserved-name": "names of families and labels do not begin with an underscore",
  "label-names-unique": "label names are unique within a label set",
  "metadata-once": "there is no more than one TYPE, HELP and UNIT line for a family",
  "metadata-first": "metadata of a family comes before its samples",
  "family-unique": "family names are unique and families are not interleaved",
  "family-clash": "sample names of two families cannot be the same",
  "sample-name": "samples have the suffixes of their family's type",
  "unit-of-type": "info and stateset families have no unit",
  "metric-grouping": "metrics are not interleaved",
  "point-unique": "points of a metric have timestamps if there are several",
  "timestamp-order": "timestamps of a metric do not decrease",
  "timestamp-mixed": "either all samples of a metric have a timestamp or none has",
  "counter-value": "counters, counts, sums and buckets are neither NaN nor negative",
  "count-integer": "counts and buckets are whole numbers",
  "counter-total": "a counter has a _total",
  "created-value": "_created is a time",
  "info-value": "the value of an info is 1",
  "state-value": "the value of a state is 0 or 1",
  "state-label": "a state has a label named after its family",
  "bucket-label": "a bucket has an le that is a number, and infinity is spelt +Inf",
  "quantile-label": "a quantile has a quantile label between 0 and 1",
  "quantile-value": "quantiles are not negative",
  "bucket-order": "buckets are in increasing order of le, each once",
  "bucket-cumulative": "buckets are cumulative",
  "bucket-infinite": "a histogram has a +Inf bucket",
  "bucket-negative-sum":
    "a histogram with negative bounds has no sum, and a gauge histogram without them no negative one",
  "count-and-sum": "a histogram has a count if and only if it has a sum",
  "count-infinite": "the count of a histogram is its +Inf bucket",
  "exemplar-place": "exemplars are on counters' totals and on buckets only",
  "exemplar-length": "labels of an exemplar have 128 characters at most",
  "exemplar-range": "the exemplar of a bucket is not above its le",
} as const;

export type OpenMetricsRule = keyof typeof rules;

/** One place where a body breaks a rule of the specification. */
export interface Violation {
  readonly line: number;
  readonly column: number;
  readonly rule: OpenMetricsRule;
  readonly message: string;
  /** The line, cut to 120 characters. */
  readonly text: string;
}
