/** The candidate that a mistyped name most likely means; undefined when none is close. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  // "1.4" is no misspelt "1.2".
  if (!/\p{L}/u.test(name)) return undefined;
  let best: string | undefined;
  // A third of the letters may be wrong, so that "x" is not taken for every other one-letter name.
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  const folded = fold(name);
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const distance = fold(candidate) === folded ? 0 : editDistance(name, candidate, bestDistance);
    if (distance < bestDistance && distance < Math.max(name.length, candidate.length)) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Optimal string alignment distance (insert, delete, replace, swap neighbours), or `limit` if it is not less. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(
        (previous[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (previous[j - 1] as number) + cost,
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (beforePrevious[j - 2] as number) + 1);
      }
      row.push(value);
    }
    beforePrevious = previous;
    previous = row;
  }
  return Math.min(previous[b.length] as number, limit);
}
