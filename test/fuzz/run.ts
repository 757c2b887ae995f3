/**
 * `npm run fuzz [-- target…]`: feeds damaged and made-up input to every parser and decoder for FUZZ_SECONDS seconds in all
 * (default 60). An input that fails is kept under corpus/, where the tests run it again; with FUZZ_KEEP=1 so is the first
 * input of each new fate. FUZZ_SEED repeats a run.
 */
import { keep, readCorpus, targets } from "./corpus.ts";
import { fuzz, Random } from "./fuzzer.ts";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 60);
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 32);
const names = process.argv.slice(2);
const chosen = names.length === 0 ? targets : targets.filter(({ name }) => names.includes(name));
if (chosen.length < names.length) {
  throw new Error(`there are targets ${targets.map(({ name }) => name).join(", ")}; got ${names.join(", ")}`);
}

console.log(`seed ${seed}, ${(seconds / chosen.length).toFixed(1)} s for each of ${chosen.length} targets`);
for (const target of chosen) {
  const until = performance.now() + (seconds * 1000) / chosen.length;
  const { runs, found, failure } = await fuzz(target, await readCorpus(target.name), new Random(seed), until);
  console.log(
    `${target.name}: ${runs} runs, ${found.length} new fates${failure === undefined ? "" : ", FAILED"}`,
  );
  if (process.env["FUZZ_KEEP"] === "1") for (const input of found) await keep(target.name, input);
  if (failure === undefined) continue;
  console.error(`kept as ${await keep(target.name, failure.input, "failed-")}`, failure.error);
  process.exitCode = 1;
}
