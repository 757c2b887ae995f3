import { ExpositionLimitError } from "./exposition-error.ts";
import type { ExpositionLimits } from "./types.ts";

/**
 * Checks the labels of one series. Like Prometheus it takes the metric name for a label, `__name__`, and does not
 * count labels without a value.
 * @throws ExpositionLimitError
 */
export function checkLabelLimits(
  limits: ExpositionLimits,
  names: readonly string[],
  values: readonly string[],
): void {
  const { labelLimit = 0, labelNameLengthLimit = 0, labelValueLengthLimit = 0 } = limits;
  if (labelLimit > 0) {
    const count = 1 + values.filter((value) => value !== "").length;
    if (count > labelLimit)
      throw exceeded("label_limit", "a series", count, "labels, its name included", labelLimit);
  }
  if (labelNameLengthLimit > 0) {
    for (const name of ["__name__", ...names]) {
      checkLength("label_name_length_limit", `label name ${quoted(name)}`, name, labelNameLengthLimit);
    }
  }
  if (labelValueLengthLimit > 0) {
    values.forEach((value, i) => {
      checkLength(
        "label_value_length_limit",
        `the value of label ${quoted(names[i]!)}`,
        value,
        labelValueLengthLimit,
      );
    });
  }
}

/** Checks a metric name, which is the value of `__name__`. */
export function checkMetricName(limits: ExpositionLimits, name: string): void {
  const limit = limits.labelValueLengthLimit ?? 0;
  if (limit > 0) checkLength("label_value_length_limit", `metric name ${quoted(name)}`, name, limit);
}

/** Checks the number of samples of a body. */
export function checkSampleLimit(limits: ExpositionLimits, samples: number): void {
  const limit = limits.sampleLimit ?? 0;
  if (limit > 0 && samples > limit) throw exceeded("sample_limit", "the body", samples, "samples", limit);
}

function checkLength(
  option: ExpositionLimitError["limit"],
  subject: string,
  text: string,
  limit: number,
): void {
  const length = Buffer.byteLength(text);
  if (length > limit) throw exceeded(option, subject, length, "bytes", limit);
}

function exceeded(
  option: ExpositionLimitError["limit"],
  subject: string,
  amount: number,
  unit: string,
  limit: number,
): ExpositionLimitError {
  return new ExpositionLimitError(option, `${subject} has ${amount} ${unit}; ${option} allows ${limit}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
