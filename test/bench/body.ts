/** Scrape bodies in the likeness of a virt-handler's: 60 samples a VMI, HELP and TYPE lines, about 347 bytes a line. */

export const samplesPerVmi = 60;
/** Of a scrape's values, how many equal those of the scrape before. */
const unchangedShare = 0.28;

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** Extra labels; one sample a VMI for each item. */
  readonly extras: readonly (readonly string[])[];
}

const none: readonly (readonly string[])[] = [[]];
const disks = ["containerdisk", "cloudinitdisk", "datavolume-root"].map((drive) => [`drive="${drive}"`]);
const nics = ["default", "secondary"].map((name) => [`interface="${name}"`]);
const vcpus = ["0", "1", "2", "3"].map((id) => [`id="${id}"`, `state="running"`]);

const families: readonly Family[] = [
  ...["user", "system", "total"].map((kind) => counter(`kubevirt_vmi_cpu_${kind}_usage_seconds_total`, none)),
  ...[
    "actual_balloon_bytes",
    "available_bytes",
    "cached_bytes",
    "domain_bytes",
    "resident_bytes",
    "swap_in_traffic_bytes",
    "swap_out_traffic_bytes",
    "unused_bytes",
    "usable_bytes",
  ].map((kind) => gauge(`kubevirt_vmi_memory_${kind}`, none)),
  counter("kubevirt_vmi_memory_pgmajfault_total", none),
  counter("kubevirt_vmi_memory_pgminfault_total", none),
  ...["receive_bytes", "receive_errors", "transmit_bytes", "transmit_errors", "receive_packets_dropped"].map(
    (kind) => counter(`kubevirt_vmi_network_${kind}_total`, nics),
  ),
  ...[
    "flush_requests",
    "flush_times_seconds",
    "iops_read",
    "iops_write",
    "read_times_seconds",
    "read_traffic_bytes",
    "write_traffic_bytes",
    "write_times_seconds",
  ].map((kind) => counter(`kubevirt_vmi_storage_${kind}_total`, disks)),
  counter("kubevirt_vmi_vcpu_seconds_total", vcpus),
  counter("kubevirt_vmi_vcpu_wait_seconds_total", vcpus),
  counter("kubevirt_vmi_vcpu_delay_seconds_total", vcpus.slice(0, 3)),
  gauge("kubevirt_vmi_dirty_rate_bytes_per_second", none),
].sort((a, b) => (a.name < b.name ? -1 : 1));

function counter(name: string, extras: Family["extras"]): Family {
  return { name, type: "counter", extras };
}

function gauge(name: string, extras: Family["extras"]): Family {
  return { name, type: "gauge", extras };
}

/** A source of consecutive scrapes of the same VMIs. */
export class BodySource {
  readonly #random: () => number;
  readonly #heads: string[] = [];
  readonly #series: string[][] = [];
  readonly #values: Float64Array;

  constructor(vmis: number, seed = 1) {
    this.#random = mulberry32(seed);
    const labels = Array.from({ length: vmis }, (_, i) => vmiLabels(i));
    for (const { name, type, extras } of families) {
      this.#heads.push(`# HELP ${name} What the hypervisor reports for ${name}.\n# TYPE ${name} ${type}\n`);
      this.#series.push(
        labels.flatMap((own) => extras.map((extra) => `${name}{${[...own, ...extra].sort().join(",")}} `)),
      );
    }
    const count = this.#series.reduce((sum, lines) => sum + lines.length, 0);
    if (count !== vmis * samplesPerVmi)
      throw new Error(`${count / vmis} samples a VMI instead of ${samplesPerVmi}`);
    this.#values = Float64Array.from({ length: count }, () => this.#value());
  }

  get samples(): number {
    return this.#values.length;
  }

  /** The next scrape. */
  next(): Buffer {
    const values = this.#values;
    const parts: Buffer[] = [];
    let at = 0;
    this.#series.forEach((lines, f) => {
      let text = this.#heads[f]!;
      for (const line of lines) {
        if (this.#random() >= unchangedShare) values[at] = this.#advance(values[at]!);
        text += `${line}${formatGoFloat(values[at++]!)}\n`;
      }
      parts.push(Buffer.from(text, "latin1"));
    });
    return Buffer.concat(parts);
  }

  /** Byte counts, seconds with nanosecond digits and small integers, as a virt-handler has them. */
  #value(): number {
    const kind = this.#random();
    if (kind < 0.4) return Math.floor(this.#random() * 2 ** 36);
    if (kind < 0.75) return Math.floor(this.#random() * 1e14) / 1e9;
    return kind < 0.9 ? Math.floor(this.#random() * 5000) : 0;
  }

  #advance(value: number): number {
    return Number.isInteger(value)
      ? value + Math.floor(this.#random() * 4096)
      : value + Math.floor(this.#random() * 1e9) / 1e9;
  }
}

/** A double as Go's text encoder prints it: shortest digits, exponent form below 1e-4 and from 1e6 upward. */
export function formatGoFloat(value: number): string {
  if (value === 0) return "0";
  const [mantissa = "", exponentText = ""] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function vmiLabels(i: number): string[] {
  const name = `vm-${String(i).padStart(5, "0")}`;
  return [
    `kubernetes_vmi_label_kubevirt_io_domain="${name}"`,
    `kubernetes_vmi_label_kubevirt_io_nodeName="worker-node-07.example"`,
    `kubernetes_vmi_label_team="platform-${i % 9}"`,
    `kubernetes_vmi_label_vm_kubevirt_io_name="${name}"`,
    `name="${name}"`,
    `namespace="tenant-${String(i % 40).padStart(3, "0")}"`,
    `node="worker-node-07.example"`,
  ];
}

/** A small seeded generator, so that every run measures the same bodies. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
