import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type Layout,
  type MetricLayout,
  type MetricsBatch,
  ValueType,
} from "../../src/metrics/index.ts";

/** Series of one virtual machine, as virt-handler shows them: 60, under 10 label sets. */
export const SERIES_PER_VMI = 60;
const LABEL_SETS = 10;

export interface Shape {
  /** One resource for each virtual machine with its identity, else one for all and the identity on every point. */
  readonly perVmi: boolean;
}

/** A layout of so many virtual machines. New objects at each call: nothing is remembered of another's attributes. */
export function makeLayout(vmis: number, { perVmi }: Shape): Layout {
  const machines = Array.from({ length: vmis }, (_, vmi) => {
    const identity = {
      vm_namespace: `tenant-${vmi % 50}`,
      name: `virtual-machine-${vmi}`,
      node: `worker-node-${vmi % 40}.cluster.example.org`,
      kubernetes_vmi_label_app: "database",
      kubernetes_vmi_label_kubevirt_io_nodename: `worker-node-${vmi % 40}`,
      endpoint: "https://10.244.0.38:8443/metrics",
      pod_name: "virt-handler-7x2lq",
      kube_namespace: "kubevirt",
    };
    const labelSets = Array.from({ length: LABEL_SETS }, (_, set): Attributes => {
      const own = { interface: `eth${set}`, drive: `volume-${set}` };
      return Object.freeze(perVmi ? own : { ...identity, ...own });
    });
    return { identity, labelSets };
  });
  const resources = perVmi
    ? machines.map(({ identity, labelSets }, vmi) =>
        resourceOf(identity, (index) => metricOf(index, [labelSets], [vmi * SERIES_PER_VMI + index])),
      )
    : [
        resourceOf({ "service.name": "virt-handler" }, (index) =>
          metricOf(
            index,
            machines.map(({ labelSets }) => labelSets),
            machines.map((_, vmi) => vmi * SERIES_PER_VMI + index),
          ),
        ),
      ];
  return { resources, width: vmis * SERIES_PER_VMI };
}

function resourceOf(attributes: Attributes, metric: (index: number) => MetricLayout) {
  const metrics = Array.from({ length: SERIES_PER_VMI }, (_, index) => metric(index));
  return {
    resource: { attributes },
    scopes: [{ scope: { name: "otelcol-kubevirt", version: "0.1.0" }, metrics }],
  };
}

const descriptors = Array.from({ length: SERIES_PER_VMI }, (_, index) => ({
  name: `kubevirt_handler.vmi.some_family_${index}.total`,
  description: "Total time spent in something that is described in a sentence of the usual length.",
  unit: "s",
  valueType: ValueType.DOUBLE,
}));

function metricOf(
  index: number,
  labelSets: readonly (readonly Attributes[])[],
  slots: readonly number[],
): MetricLayout {
  return {
    descriptor: descriptors[index] as MetricLayout["descriptor"],
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    isMonotonic: true,
    dataPointType: DataPointType.SUM,
    attributes: labelSets.map((sets) => sets[index % LABEL_SETS] as Attributes),
    slots: Uint32Array.from(slots),
  };
}

/** Values as counters have them: most with a fraction, all different. */
export function makeValues(width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, slot) => slot * 1.000_1 + 0.25);
}

/** The same batch without anything lazy, as a serializer of SDK objects gets it. */
export function materialised(batch: MetricsBatch): MetricsBatch {
  return batch.map(({ resource, scopeMetrics }) => ({
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => ({ ...metric })),
    })),
  }));
}
