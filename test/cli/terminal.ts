import { main } from "../../src/cli/main.ts";
import { root } from "../support/built-tree.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a command line within this process, on a terminal that keeps what is printed. */
export async function run(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await main(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    errIsTerminal: false,
    cwd: around.cwd ?? root,
    env: around.env ?? {},
    stdin: async function* () {
      yield Buffer.from(around.input ?? "");
    },
  });
  return { code, out, err };
}
