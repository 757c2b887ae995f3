import { formatGoNumber } from "./go-number.ts";
import type { MigrationPoint } from "./migration.ts";
import type { Family, Labels, MetricType } from "./text-format.ts";
import { compareLabels, linePrefix, sampleLine, sortLabels } from "./text-format.ts";
import type { World } from "./world.ts";

/** The families with labels of their own, without `kubernetes_vmi_label_…`. */
export function nodeFamilies(world: World): readonly Family[] {
  return [
    family(
      "kubevirt_node_deprecated_machine_types",
      "gauge",
      "Machine types of the node that are deprecated.",
      () => [
        [
          [
            ["machine_type", "pc-i440fx-rhel7.6.0"],
            ["node", world.node],
          ],
          1,
        ],
      ],
    ),
    family(
      "kubevirt_virt_handler_ready_status",
      "gauge",
      "1 while virt-handler is ready to serve requests.",
      () => [[[], 1]],
    ),
    family("kubevirt_vmi_gpu_info", "gauge", "A GPU passed through to a VM.", () => gpus(world)),
    family("kubevirt_vmi_guest_os_panic_total", "counter", "Times a guest's operating system stopped.", () =>
      world.panics.map(({ namespace, name, type, code, count }) => [
        Object.entries({ bugcheck_code: code, name, namespace, type }),
        count,
      ]),
    ),
    family("kubevirt_vmi_sync_total", "counter", "Times a VM was brought in line with its definition.", () =>
      [...world.vms].map(({ name, namespace, syncs }) => [Object.entries({ name, namespace }), syncs]),
    ),
    migrationFamily(
      world,
      "kubevirt_vmi_migration_data_bytes_total",
      "counter",
      "Bytes to be migrated in total.",
      (point) => point.total,
    ),
    migrationFamily(
      world,
      "kubevirt_vmi_migration_data_processed_bytes",
      "gauge",
      "Bytes migrated so far.",
      (point) => point.processed,
    ),
    migrationFamily(
      world,
      "kubevirt_vmi_migration_data_remaining_bytes",
      "gauge",
      "Bytes still to be migrated.",
      (point) => point.remaining,
    ),
    migrationFamily(
      world,
      "kubevirt_vmi_migration_dirty_memory_rate_bytes",
      "gauge",
      "Bytes of memory the migrating guest writes to per second.",
      (point) => point.dirtyRate,
    ),
    migrationFamily(
      world,
      "kubevirt_vmi_migration_memory_transfer_rate_bytes",
      "gauge",
      "Bytes of memory copied per second.",
      (point) => point.transferRate,
    ),
  ];
}

/** Upstream registers this family but never fills it; it is filled here so that pipelines meet every known name. */
function gpus(world: World): readonly (readonly [Labels, number])[] {
  return [...world.vms].flatMap(({ gpu, name, namespace, node }) =>
    gpu === undefined
      ? []
      : [
          [
            sortLabels(
              Object.entries({
                node,
                namespace,
                pod: `virt-launcher-${name}-x7k2p`,
                resource: "nvidia.com/TU104GL_Tesla_T4",
                uuid: gpu,
              }),
            ),
            1,
          ] as const,
        ],
  );
}

function family(
  name: string,
  type: MetricType,
  help: string,
  series: () => readonly (readonly [labels: Labels, value: number])[],
): Family {
  return {
    name,
    type,
    help,
    lines: () =>
      [...series()]
        .sort(([a], [b]) => compareLabels(a, b))
        .map(([labels, value]) => sampleLine(name, labels, value))
        .join(""),
  };
}

/** One line per reading, so one label set comes several times, each with its own time in milliseconds. */
function migrationFamily(
  world: World,
  name: string,
  type: MetricType,
  help: string,
  read: (point: MigrationPoint) => number,
): Family {
  return {
    name,
    type,
    help,
    lines: () => {
      let text = "";
      for (const { labels, points } of [...world.migrations].sort((a, b) =>
        compareLabels(a.labels, b.labels),
      )) {
        const prefix = linePrefix(name, labels);
        for (const point of points) text += `${prefix}${formatGoNumber(read(point))} ${point.time}\n`;
      }
      return text;
    },
  };
}
