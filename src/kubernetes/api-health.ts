/** Whether everything that is asked of the API server is answered, for the status of the component that asks. */
export class ApiHealth {
  readonly #onChange: ((error: unknown) => void) | undefined;
  readonly #problems = new Map<string, unknown>();

  /** @param onChange gets the first problem when there are some, undefined when there are none any more */
  constructor(onChange: ((error: unknown) => void) | undefined) {
    this.#onChange = onChange;
  }

  /** @param what tells problems apart, such as "list pods" */
  failed(what: string, error: unknown): void {
    const first = this.#problems.size === 0;
    this.#problems.set(what, error);
    if (first) this.#onChange?.(error);
  }

  recovered(what: string): void {
    if (this.#problems.delete(what) && this.#problems.size === 0) this.#onChange?.(undefined);
  }
}
