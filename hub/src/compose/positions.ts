import type { Position } from './yaml-node.ts';

/** Returns what turns an offset in the source into line and column. */
export function positionsIn(file: string, source: string): (offset: number) => Position {
  const starts = [0];
  // A line ends with LF, CRLF or a CR alone (YAML 1.2, section 5.4).
  for (const { index, 0: end } of source.matchAll(/\r\n?|\n/g)) starts.push(index + end.length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
