import type { BodyPosition } from "./exposition-error.ts";

const NEWLINE = 10;
const longestText = 120;

/** Line, column and text of a byte offset. Counts lines from the start of the body, so it is for errors only. */
export function locate(bytes: Buffer, end: number, offset: number): BodyPosition {
  let line = 1;
  let lineStart = 0;
  for (let i = bytes.indexOf(NEWLINE); i >= 0 && i < offset && i < end; i = bytes.indexOf(NEWLINE, i + 1)) {
    line++;
    lineStart = i + 1;
  }
  const newline = bytes.indexOf(NEWLINE, lineStart);
  const lineEnd = newline >= 0 && newline < end ? newline : end;
  // Four bytes a character at most, so that one endless line is not decoded whole to be cut.
  const text = bytes.toString("utf8", lineStart, Math.min(lineEnd, lineStart + 4 * longestText));
  const before = bytes.toString("utf8", lineStart, Math.min(offset, lineEnd));
  return {
    line,
    column: characters(before).length + 1,
    text: characters(text).slice(0, longestText).join(""),
  };
}

function characters(text: string): string[] {
  return Array.from(text);
}
