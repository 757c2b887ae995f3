import { GoProcess } from "./go-process.ts";
import { Migration } from "./migration.ts";
import { Random, seedFor } from "./random.ts";
import { RestClient } from "./rest-client.ts";
import type { VcpuState } from "./vm.ts";
import { Vm } from "./vm.ts";
import type { VmSettings } from "./vm-hardware.ts";
import { vmSettings } from "./vm-hardware.ts";
import { WorkQueues } from "./work-queues.ts";

export interface WorldSettings {
  /** VMs to begin with. */
  readonly vms: number;
  readonly node: string;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** True: VMs come, go and migrate and vCPUs change state by themselves. */
  readonly lively: boolean;
}

/** A guest operating system that stopped: `type` and `code` as the panic device reports them. */
export interface GuestPanic {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly code: string;
  count: number;
}

const STEP_MS = 1000;
/** After a long absence the steps get longer instead of ever more. */
const MAX_STEPS = 600;

/**
 * One node: its VMs and the virt-handler process that watches them. Everything follows from the seed, the time and
 * the calls made; time passes in steps of one second, so values change once a second at most.
 */
export class World {
  readonly node: string;
  readonly #seed: number;
  readonly #clock: () => number;
  readonly #lively: boolean;
  readonly #startVms: number;
  readonly #random: Random;
  readonly #vms = new Map<string, Vm>();
  #migrations: Migration[] = [];
  #panics: GuestPanic[] = [];
  #process: GoProcess;
  #queues = new WorkQueues();
  #rest: RestClient;
  #collecting = true;
  #apiReachable = true;
  #nextVm = 0;
  #lastClock: number;
  #time: number;
  #pendingMs = 0;
  #revision = 0;
  #stateRevision = 0;

  constructor(settings: WorldSettings) {
    this.node = settings.node;
    this.#seed = settings.seed;
    this.#clock = settings.clock;
    this.#lively = settings.lively;
    this.#startVms = settings.vms;
    this.#random = new Random(seedFor(settings.seed, settings.node));
    this.#time = this.#lastClock = settings.clock();
    this.#process = new GoProcess(this.#time);
    this.#rest = new RestClient(this.#random);
    for (let index = 0; index < settings.vms; index++) {
      this.#vm(this.addVm()).advance(this.#random.integer(3600, 864_000));
    }
    this.#queues.advance(60, settings.vms, this.#random);
    const first = this.#startVms > 0 ? this.#vms.values().next().value : undefined;
    if (first !== undefined) this.#notePanic(first);
    // Something to look at from the first scrape on.
    if (this.#lively && settings.vms > 1) this.migrate("vm-1");
  }

  /** Milliseconds since 1970 within the simulation; `tick` moves it ahead of the clock. */
  get time(): number {
    return this.#time;
  }

  get vmNames(): readonly string[] {
    return [...this.#vms.keys()];
  }

  /** VMs whose launcher answers: those a scrape shows. */
  get visibleVms(): readonly Vm[] {
    return [...this.#vms.values()].filter((vm) => vm.reachable);
  }

  /** Every VM that runs here, answering or not. */
  get vms(): Iterable<Vm> {
    return this.#vms.values();
  }

  get migrations(): readonly Migration[] {
    return this.#migrations;
  }

  get panics(): readonly GuestPanic[] {
    return this.#panics;
  }

  get process(): GoProcess {
    return this.#process;
  }

  get queues(): WorkQueues {
    return this.#queues;
  }

  get rest(): RestClient {
    return this.#rest;
  }

  /** False for a young pod: it answers without any `kubevirt_*` family. */
  get collecting(): boolean {
    return this.#collecting;
  }

  get apiReachable(): boolean {
    return this.#apiReachable;
  }

  /** Changes whenever the set of VMs shown changes. */
  get revision(): number {
    return this.#revision;
  }

  /** Changes whenever a vCPU changes state. */
  get stateRevision(): number {
    return this.#stateRevision;
  }

  /** Starts a VM with all counters at zero; what is not given is made up. Answers with its name. */
  addVm(chosen: Partial<VmSettings> = {}): string {
    while (chosen.name === undefined && this.#vms.has(`vm-${this.#nextVm}`)) this.#nextVm++;
    const settings = vmSettings(this.#nextVm++, chosen);
    if (this.#vms.has(settings.name)) throw new Error(`vm "${settings.name}" exists already`);
    this.#vms.set(settings.name, new Vm(settings, this.node, this.#seed));
    this.#revision++;
    return settings.name;
  }

  removeVm(name: string): void {
    const vm = this.#vm(name);
    this.#vms.delete(name);
    this.#migrations = this.#migrations.filter((migration) => migration.vm !== vm);
    this.#revision++;
  }

  /** Starts a live migration to another node: the VM is gone from here after about a minute. */
  migrate(name: string): void {
    const vm = this.#vm(name);
    if (vm.migrating) throw new Error(`vm "${name}" is migrating already`);
    vm.migrating = true;
    this.#migrations = [...this.#migrations, new Migration(vm, this.#time)];
    this.#revision++;
  }

  /** Only the series of the current state is shown, with the vCPU's whole time. */
  setVcpuState(name: string, id: number, state: VcpuState): void {
    const vcpu = this.#vm(name).vcpus[id];
    if (vcpu === undefined) throw new Error(`vm "${name}" has no vcpu ${id}`);
    vcpu.state = state;
    this.#stateRevision++;
  }

  /** False: the launcher hangs, and the VM's series are missing from scrapes until it is true again. */
  setReachable(name: string, reachable: boolean): void {
    this.#vm(name).reachable = reachable;
    this.#revision++;
  }

  /** False: the pod is so young that its collectors are not registered yet. */
  setCollecting(collecting: boolean): void {
    this.#collecting = collecting;
  }

  /** False: requests to the Kubernetes API fail, which /healthz reports. */
  setApiReachable(reachable: boolean): void {
    this.#apiReachable = reachable;
  }

  /** A new QEMU process for the VM: its counters start again at zero. */
  restartVm(name: string): void {
    this.#vm(name).restart();
  }

  /** The guest's operating system stops and the VM is started anew. */
  panic(name: string): void {
    const vm = this.#vm(name);
    this.#notePanic(vm);
    vm.restart();
  }

  /** virt-handler restarts: what the process counts starts again; the VMs run on, and so do their counters. */
  restart(): void {
    this.#process = new GoProcess(this.#time);
    this.#queues = new WorkQueues();
    this.#rest = new RestClient(this.#random);
    this.#panics = [];
    for (const migration of this.#migrations) migration.forget();
    for (const vm of this.#vms.values()) vm.syncs = 1;
  }

  /** Lets time pass, on top of what the clock shows. */
  tick(milliseconds: number): void {
    this.#pendingMs += milliseconds;
    const steps = Math.floor(this.#pendingMs / STEP_MS);
    if (steps === 0) return;
    const stepSeconds = (Math.max(1, Math.ceil(steps / MAX_STEPS)) * STEP_MS) / 1000;
    while (this.#pendingMs >= stepSeconds * 1000) {
      this.#pendingMs -= stepSeconds * 1000;
      this.#step(stepSeconds);
    }
  }

  /** Lets the time pass that the clock has moved on since the last call. */
  catchUp(): void {
    const now = this.#clock();
    const elapsed = now - this.#lastClock;
    this.#lastClock = now;
    if (elapsed > 0) this.tick(elapsed);
  }

  /** To be called after a scrape: a completed migration is shown once more and then never again. */
  scraped(): void {
    this.#migrations = this.#migrations.filter((migration) => !migration.completed);
  }

  #step(seconds: number): void {
    this.#time += seconds * 1000;
    for (const vm of this.#vms.values()) vm.advance(seconds);
    for (const migration of this.#migrations) this.#advanceMigration(migration, seconds);
    this.#process.advance(seconds, this.#vms.size, this.#random);
    this.#queues.advance(seconds, this.#vms.size, this.#random);
    this.#rest.advance(seconds, this.#apiReachable, this.#random);
    if (this.#lively) this.#happen(seconds);
  }

  #advanceMigration(migration: Migration, seconds: number): void {
    if (migration.completed) return;
    migration.advance(this.#time, seconds, this.#random);
    if (!migration.completed) return;
    this.#vms.delete(migration.vm.name);
    this.#revision++;
  }

  /** What happens on a node by itself, in events per second. */
  #happen(seconds: number): void {
    const random = this.#random;
    const names = [...this.#vms.values()].filter((vm) => !vm.migrating).map((vm) => vm.name);
    const name = random.pick(names);
    if (name === undefined) {
      this.addVm();
      return;
    }
    const happens = (perSecond: number): boolean => random.chance(Math.min(1, perSecond * seconds));
    const vm = this.#vm(name);
    if (happens(0.3)) {
      const vcpu = random.pick(vm.vcpus);
      if (vcpu !== undefined)
        this.setVcpuState(name, vcpu.id, vcpu.state === "running" ? "blocked" : "running");
    }
    if (happens(1 / 300)) this.panic(name);
    if (names.length < this.#startVms * 1.5 && happens(1 / 45)) this.addVm();
    if (names.length < 2 || names.length <= this.#startVms / 2) return;
    if (happens(1 / 90)) this.removeVm(name);
    else if (happens(1 / 60) && this.#migrations.length === 0) this.migrate(name);
  }

  #notePanic({ namespace, name }: Vm): void {
    const code = this.#random.pick(["0x1e", "0x7e", "unknown"]) ?? "unknown";
    const type = code === "unknown" ? "pvpanic" : "hyper-v";
    const known = this.#panics.find((panic) => panic.name === name && panic.code === code);
    if (known !== undefined) known.count++;
    else this.#panics = [...this.#panics, { namespace, name, type, code, count: 1 }];
  }

  #vm(name: string): Vm {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no vm "${name}" on node ${this.node}`);
    return vm;
  }
}
