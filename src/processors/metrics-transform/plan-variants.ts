import type { Presence } from "../../metrics/index.ts";
import { PointStates } from "./point-states.ts";

interface Variant<Plan> {
  /** States by slot of the source. */
  readonly asked: ReadonlyMap<number, number>;
  readonly plan: Plan;
}

/** How many are looked through for a presence that is new: as many as points that come and go by turns may need. */
const KEPT = 16;

/**
 * The plans of one layout. Most ask for no states and hold whatever is there; the others hold for each presence in which
 * what they asked for is the same.
 */
export class PlanVariants<Plan> {
  readonly #make: (states: PointStates) => Plan;
  readonly #byPresence = new WeakMap<Presence, Plan>();
  /** The last one used is the first. */
  readonly #variants: Variant<Plan>[] = [];

  constructor(make: (states: PointStates) => Plan) {
    this.#make = make;
  }

  for(presence: Presence): Plan {
    let plan = this.#byPresence.get(presence);
    if (plan === undefined) {
      plan = this.#variantFor(presence).plan;
      this.#byPresence.set(presence, plan);
    }
    return plan;
  }

  #variantFor(presence: Presence): Variant<Plan> {
    const index = this.#variants.findIndex(({ asked }) => isSame(asked, presence));
    const variant = this.#variants.splice(index, index < 0 ? 0 : 1)[0] ?? this.#new(presence);
    this.#variants.unshift(variant);
    this.#variants.length = Math.min(this.#variants.length, KEPT);
    return variant;
  }

  #new(presence: Presence): Variant<Plan> {
    const states = new PointStates(presence);
    const plan = this.#make(states);
    return { asked: states.asked, plan };
  }
}

function isSame(asked: ReadonlyMap<number, number>, presence: Presence): boolean {
  for (const [slot, state] of asked) if (presence.at(slot) !== state) return false;
  return true;
}
