/** What a person or a pipe types. */
export interface Input {
  /** Whether a person types it. Asked only by those who read it: it costs 2 ms. */
  isTerminal(): Promise<boolean>;
  stream(): ReadableStream<Uint8Array>;
}

/** All of it as text; null when it is longer than `maxBytes`, which is noticed before it fills the memory. */
export async function readText(input: Input, maxBytes: number): Promise<string | null> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let size = 0;
  for await (const chunk of input.stream()) {
    size += chunk.length;
    if (size > maxBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Line by line, without line ends; the last one also when it has none. */
export async function* readLines(input: Input): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for await (const chunk of input.stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  if (rest !== "") yield rest;
}
