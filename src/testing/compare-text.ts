export interface Comparison {
  /** `exact`: the texts have the same lines. `subset`: each expected line stands, in its metric and resource, in the other text. */
  readonly match: "exact" | "subset";
  /** Numbers in values may differ by this much of themselves. */
  readonly tolerance: number;
}

/**
 * Compares texts of `formatMetrics`. Returns undefined when they match, else a diff for people: `-` is expected and
 * missing, `+` is there and not expected, with the resource and metric that a line belongs to.
 */
export function compareText(
  expected: string,
  actual: string,
  { match, tolerance }: Comparison,
): string | undefined {
  const wanted = pathed(expected);
  const found = pathed(actual);
  const missing: Line[] = [];
  for (const line of wanted) {
    const index = found.findIndex(
      (other) => other.parents === line.parents && sameLine(line.text, other.text, tolerance),
    );
    if (index < 0) missing.push(line);
    else found.splice(index, 1);
  }
  const surplus = match === "exact" ? found : [];
  if (missing.length === 0 && surplus.length === 0) return undefined;
  const marked = [
    ...missing.map((line) => ({ ...line, mark: "-" })),
    ...surplus.map((line) => ({ ...line, mark: "+" })),
  ];
  const root = treeNode();
  for (const { parents, text, mark } of marked) {
    const path = parents === "" ? [] : parents.split("\n");
    const parent = path.reduce((node, name) => child(node, name), root);
    child(parent, text).marks.push(mark);
  }
  return printed(root);
}

/** A line with those under it; one that both texts have has no marks. */
interface TreeNode {
  readonly marks: string[];
  readonly children: Map<string, TreeNode>;
}

function treeNode(): TreeNode {
  return { marks: [], children: new Map() };
}

function child(node: TreeNode, text: string): TreeNode {
  const existing = node.children.get(text);
  if (existing !== undefined) return existing;
  const made = treeNode();
  node.children.set(text, made);
  return made;
}

/** Sorted, so that what was expected of a point stands beside what has arrived. */
function printed({ children }: TreeNode): string {
  return [...children]
    .toSorted(([a], [b]) => {
      const [own, other] = [subject(a), subject(b)];
      return own < other ? -1 : own > other ? 1 : 0;
    })
    .map(([text, node]) => {
      const marks = node.marks.length === 0 ? [" "] : node.marks;
      return marks.map((mark) => `${mark} ${text}\n`).join("") + printed(node);
    })
    .join("");
}

/** What a line is about: the attributes of a point, the name of a metric. */
function subject(text: string): string {
  const end = attributesEnd(text);
  return end > 0 ? text.slice(0, end) : text;
}

/** Where the attributes that a line of a point begins with end; 0 for other lines. Values may hold braces, too. */
function attributesEnd(line: string): number {
  if (!line.trimStart().startsWith("{")) return 0;
  let depth = 0;
  for (const { 0: part, index } of line.matchAll(/"(?:\\.|[^"\\])*"|[{}]/g)) {
    if (part === "{") depth++;
    else if (part === "}" && --depth === 0) return index + 1;
  }
  return 0;
}

interface Line {
  /** The lines that this one stands under. */
  readonly parents: string;
  readonly text: string;
}

function pathed(text: string): Line[] {
  const lines: Line[] = [];
  let above: { readonly indent: number; readonly text: string }[] = [];
  for (const line of text.split("\n").filter((candidate) => candidate.trim() !== "")) {
    const indent = line.length - line.trimStart().length;
    above = above.filter((parent) => parent.indent < indent);
    lines.push({ parents: above.map((parent) => parent.text).join("\n"), text: line.trimEnd() });
    above.push({ indent, text: line.trimEnd() });
  }
  return lines;
}

const NUMBER = /(?<![\w.-])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.])/gi;

/** Numbers after the attributes may differ within the tolerance; everything else must be the same. */
function sameLine(expected: string, actual: string, tolerance: number): boolean {
  if (expected === actual) return true;
  if (tolerance === 0) return false;
  const split = (line: string) => {
    const end = attributesEnd(line);
    return { attributes: line.slice(0, end), value: line.slice(end) };
  };
  const a = split(expected);
  const b = split(actual);
  if (a.attributes !== b.attributes || a.value.replaceAll(NUMBER, "#") !== b.value.replaceAll(NUMBER, "#"))
    return false;
  const numbers = (text: string) => [...text.matchAll(NUMBER)].map(([number]) => Number(number));
  const others = numbers(b.value);
  return numbers(a.value).every((n, i) => Math.abs(n - (others[i] as number)) <= Math.abs(n) * tolerance);
}
