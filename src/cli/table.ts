import type { Terminal } from "./terminal.ts";

const GAP = "  ";

/**
 * Rows under their titles, columns aligned. Where the terminal is too narrow the last column is cut. Cells must be one
 * line each: use `printableLine` for text of strangers.
 */
export function table(terminal: Terminal, titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, i) => Math.max(...[title, ...rows.map((row) => row[i] ?? "")].map(cells)));
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, i) =>
      i === row.length - 1 ? cell : cell + " ".repeat((widths[i] ?? 0) - cells(cell)),
    );
    return fit(padded.join(GAP).trimEnd(), terminal.width);
  };
  return [terminal.style("dim", line(titles)), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

/** `name  value` lines, the names aligned. Values may have several lines; those after the first are indented. */
export function facts(terminal: Terminal, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => cells(name)));
  return rows
    .map(([name, value]) => {
      const indented = value.replaceAll("\n", `\n${" ".repeat(width + GAP.length)}`);
      return `${terminal.style("dim", name + " ".repeat(width - cells(name)))}${GAP}${indented}\n`;
    })
    .join("");
}

/** The columns that text takes on a terminal. */
function cells(text: string): number {
  return Bun.stringWidth(text);
}

function fit(text: string, width: number): string {
  if (cells(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += cells(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
