/** What text of an answer can look like. */
export type TextStyle = "bold" | "dim" | "italic" | "code" | "underline";

/** ECMA-48 SGR: on, off. */
const SGR: Readonly<Record<TextStyle, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  code: [36, 39],
  underline: [4, 24],
};

/** Begins styles, the outermost first. */
export function begin(styles: readonly TextStyle[]): string {
  return styles.map((style) => `\u001b[${SGR[style][0]}m`).join("");
}

/** Ends styles, the innermost first. */
export function end(styles: readonly TextStyle[]): string {
  return styles
    .map((style) => `\u001b[${SGR[style][1]}m`)
    .reverse()
    .join("");
}

/** `text` in a style within others, which go on after it: ending bold ends dim too. */
export function within(outer: readonly TextStyle[], style: TextStyle, text: string): string {
  return `${begin([style])}${text}${end([style])}${begin(outer)}`;
}
