import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

/** Each room with the rooms it may import. A room not listed here is an error: the order is decided, not grown. */
const CONTRACTS = ["errors", "config", "telemetry", "metrics", "component"];
const CAPABILITIES = [
  "exposition",
  "net",
  "otlp",
  "delivery",
  "temporality",
  "scrape",
  "kubernetes",
  "ottl",
  "regex",
  "grpc",
  "relabel",
  "discovery",
  "reshape",
  "attribute-actions",
];
const COMPONENTS = ["receivers", "processors", "exporters", "extensions", "connectors"];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  config: ["errors"],
  telemetry: ["config", "errors"],
  metrics: ["telemetry", "config", "errors"],
  component: CONTRACTS,
  exposition: CONTRACTS,
  net: CONTRACTS,
  otlp: CONTRACTS,
  delivery: CONTRACTS,
  temporality: CONTRACTS,
  regex: CONTRACTS,
  relabel: [...CONTRACTS, "regex"],
  discovery: [...CONTRACTS, "net"],
  ottl: [...CONTRACTS, "regex"],
  reshape: [...CONTRACTS, "temporality"],
  "attribute-actions": [...CONTRACTS, "regex", "reshape"],
  kubernetes: [...CONTRACTS, "net"],
  scrape: [...CONTRACTS, "exposition", "net"],
  grpc: [...CONTRACTS, "net"],
  ...Object.fromEntries(COMPONENTS.map((room) => [room, [...CONTRACTS, ...CAPABILITIES]])),
  modules: CONTRACTS,
  service: [...CONTRACTS, "modules"],
  testing: [...CONTRACTS, "otlp", "scrape", "service"],
  // The package's public entry point.
  "index.ts": [...CONTRACTS, "sdk", "receivers"],
  sdk: [...CONTRACTS, "delivery"],
  distribution: [...CONTRACTS, ...COMPONENTS],
  cli: [...CONTRACTS, ...CAPABILITIES, ...COMPONENTS, "service", "distribution", "testing", "simulator"],
};

const root = resolve(import.meta.dirname, "../..");
const src = join(root, "src");

interface Import {
  readonly file: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(
    (match) => match[1] as string,
  );
  return specifiers.map((specifier) => ({ file, target: resolve(dirname(file), specifier) }));
}

/** `src/<room>` or, for components, `src/<kind>/<component>`. */
function folderOf(file: string): { room: string; unit: string } {
  const parts = relative(src, file).split(sep);
  const room = parts[0] as string;
  if (room === "..") return { room: "simulator", unit: "simulator" };
  return { room, unit: COMPONENTS.includes(room) ? `${room}/${parts[1]}` : room };
}

const imports = globSync("**/*.ts", { cwd: src }).flatMap((file) => importsOf(join(src, file)));

test("rooms import only from the rooms below them", () => {
  const wrong = imports.filter(({ file, target }) => {
    const from = folderOf(file);
    const to = folderOf(target);
    return from.unit !== to.unit && !(mayImport[from.room] ?? []).includes(to.room);
  });
  assert.deepEqual(wrong.map(show), []);
});

test("rooms are entered through their index.ts", () => {
  const wrong = imports.filter(({ file, target }) => {
    const to = folderOf(target);
    if (folderOf(file).unit === to.unit || to.room === "simulator") return false;
    return relative(src, target).split(sep).slice(to.unit.split("/").length).join("/") !== "index.ts";
  });
  assert.deepEqual(wrong.map(show), []);
});

test("modules import each other without cycles", () => {
  const graph = Map.groupBy(imports, ({ file }) => file);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(
      !path.includes(file),
      `cycle: ${[...path.slice(path.indexOf(file)), file].map((f) => relative(root, f)).join(" -> ")}`,
    );
    if (done.has(file)) return;
    for (const { target } of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});

function show({ file, target }: Import): string {
  return `${relative(root, file)} imports ${relative(root, target)}`;
}
