const TOKEN = /\s+|\{\s*\}|\[\s*\]|[[\]{}:,]|"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|[^\s"[\]{}:,]+/g;

/**
 * The first lines of JSON, each value on its own, two blanks a level. It is done on the text: numbers stay as they were
 * sent, the text may end early, and the cost is that of the lines and not of the depth (30,000 brackets would be 900 MB).
 */
export function indentJson(text: string, maxLines: number): { readonly text: string; readonly whole: boolean } {
  const lines: string[] = [];
  let line = "";
  let depth = 0;
  const end = (next: string) => {
    if (line.trim() !== "") lines.push(line);
    line = "  ".repeat(depth) + next;
  };
  for (const [token] of text.matchAll(TOKEN)) {
    if (lines.length >= maxLines) return { text: lines.join("\n"), whole: false };
    const first = token.charAt(0);
    if (/\s/.test(first)) continue;
    if (token === "{" || token === "[") {
      line += token;
      depth += 1;
      end("");
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      end(token);
    } else if (token === ",") {
      line += token;
      end("");
    } else if (token === ":") {
      line += ": ";
    } else {
      line += first === "{" || first === "[" ? token.replace(/\s+/g, "") : token;
    }
  }
  end("");
  return { text: lines.slice(0, maxLines).join("\n"), whole: lines.length <= maxLines };
}
