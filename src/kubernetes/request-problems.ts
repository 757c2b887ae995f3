import { errorText } from "../errors/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { ApiError, describeAction } from "./api-error.ts";
import type { ApiHealth } from "./api-health.ts";
import { actionOn, type Resource, resourceName } from "./resource.ts";

export type FollowVerb = "list" | "watch";

interface RequestProblemsSettings {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly logger: Logger;
  readonly health: ApiHealth;
}

/** The requests for a collection that fail, by verb: said once, not at each try, and again when the cause changes. */
export class RequestProblems {
  readonly #settings: RequestProblemsSettings;
  readonly #problems = new Map<FollowVerb, string>();

  constructor(settings: RequestProblemsSettings) {
    this.#settings = settings;
  }

  failed(verb: FollowVerb, error: unknown): void {
    const { logger, namespace, health, resource } = this.#settings;
    health.failed(this.#actionName(verb), error);
    const problem = errorText(error);
    if (this.#problems.get(verb) === problem) return;
    this.#problems.set(verb, problem);
    const refused = error instanceof ApiError && error.refused;
    logger.warn(
      refused
        ? "The Kubernetes API refuses a request; what depends on it is missing, the rest goes on."
        : "A Kubernetes API request failed, the last known objects stay in use.",
      { error, verb, resource: resourceName(resource), ...(namespace !== undefined && { namespace }) },
    );
  }

  recovered(verb: FollowVerb): void {
    if (!this.#problems.delete(verb)) return;
    const { logger, health, resource } = this.#settings;
    health.recovered(this.#actionName(verb));
    logger.info("The Kubernetes API answers again.", { verb, resource: resourceName(resource) });
  }

  /** Nobody asks any more: the health has nothing of them left. */
  close(): void {
    for (const verb of this.#problems.keys()) this.#settings.health.recovered(this.#actionName(verb));
  }

  #actionName(verb: FollowVerb): string {
    const { resource, namespace } = this.#settings;
    return describeAction(actionOn(verb, resource, namespace));
  }
}
