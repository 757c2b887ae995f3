import { formatGoNumber } from "./go-number.ts";
import { nodeFamilies } from "./node-families.ts";
import type { Family, Labels } from "./text-format.ts";
import { compareLabels, familyText, linePrefix, sortLabels } from "./text-format.ts";
import type { Vm } from "./vm.ts";
import type { VmFamily } from "./vm-families.ts";
import { VCPU_SECONDS, VM_FAMILIES } from "./vm-families.ts";
import type { World } from "./world.ts";

/** Prints a world as virt-handler's `/metrics` body (text format 0.0.4). */
export class Exposition {
  readonly #world: World;
  readonly #families: readonly Family[];

  constructor(world: World) {
    this.#world = world;
    this.#families = [
      ...nodeFamilies(world),
      ...VM_FAMILIES.map((family) => cachedFamily(family, world, () => world.revision)),
      cachedFamily(VCPU_SECONDS, world, () => world.revision + world.stateRevision),
    ];
  }

  /** The body of one scrape: the world catches up with the clock first. */
  scrape(): string {
    const world = this.#world;
    world.catchUp();
    const { process, queues, rest } = world;
    // Looked up each time: a restart of virt-handler replaces them.
    const all = [...process.families(), ...this.#families, ...queues.families(), ...rest.families()];
    const shown = world.collecting ? all : all.filter(({ name }) => !name.startsWith("kubevirt_"));
    const text = shown
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(familyText)
      .join("");
    world.scraped();
    return text;
  }
}

interface CachedSeries {
  readonly labels: Labels;
  readonly prefix: string;
  readonly read: () => number;
}

/** A node may have tens of thousands of series: they are sorted and spelled out only when the set of them changes. */
function cachedFamily(family: VmFamily, world: World, revision: () => number): Family {
  let known = -1;
  let series: readonly CachedSeries[] = [];
  return {
    ...family,
    lines: () => {
      if (revision() !== known) {
        series = world.visibleVms.flatMap((vm) => seriesOf(family, vm)).sort(byLabels);
        known = revision();
      }
      let text = "";
      for (const { prefix, read } of series) text += `${prefix}${formatGoNumber(read())}\n`;
      return text;
    },
  };
}

function seriesOf(family: VmFamily, vm: Vm): readonly CachedSeries[] {
  return family.series(vm).map(({ labels: own, read }) => {
    const labels = own.length === 0 ? vm.labels : sortLabels([...own, ...vm.labels]);
    return { labels, prefix: linePrefix(family.name, labels), read };
  });
}

function byLabels(a: CachedSeries, b: CachedSeries): number {
  return compareLabels(a.labels, b.labels);
}
