import { isDeepStrictEqual } from "node:util";
import type { ReadonlyObjectStore } from "../../kubernetes/index.ts";
import type { Attributes } from "../../metrics/index.ts";
import { vmAttributes } from "./vm-attributes.ts";
import type { VmFacts, Wanted } from "./vm-facts.ts";

/** The attributes of machines by `namespace/name`, made when they are first wanted and kept while they say the same. */
export class VmDirectory {
  readonly #wanted: Wanted;
  readonly #found = new Map<string, { attributes: Attributes | undefined; current: boolean }>();
  #vmis: ReadonlyObjectStore<VmFacts> | undefined;
  #vms: ReadonlyObjectStore<VmFacts> | undefined;
  #version = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** Grows with every change that {@link find} could show. */
  get version(): number {
    return this.#version;
  }

  follow(vmis: ReadonlyObjectStore<VmFacts>, vms: ReadonlyObjectStore<VmFacts> | undefined): void {
    this.#vmis = vmis;
    this.#vms = vms;
    const changed = ({ key }: { readonly key: string }) => {
      this.#version++;
      const entry = this.#found.get(key);
      if (entry === undefined) return;
      if (vmis.get(key) === undefined && vms?.get(key) === undefined) this.#found.delete(key);
      else entry.current = false;
    };
    vmis.subscribe(changed);
    vms?.subscribe(changed);
  }

  find(key: string): Attributes | undefined {
    const known = this.#found.get(key);
    if (known?.current === true) return known.attributes;
    const vmi = this.#vmis?.get(key);
    const vm = this.#vms?.get(key);
    if (vmi === undefined && vm === undefined) return undefined;
    const attributes = vmAttributes(vmi, vm, this.#wanted);
    const same = known !== undefined && isDeepStrictEqual(known.attributes, attributes);
    const kept = same ? known.attributes : attributes;
    this.#found.set(key, { attributes: kept, current: true });
    return kept;
  }
}
