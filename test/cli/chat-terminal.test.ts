import { expect, test } from "bun:test";
import { program, startGatewayProcess, temporaryFolder } from "../support/cli.ts";

/** What stands on the terminal, with the sequences that draw it. */
class Reading {
  text = "";
  #wake = () => {};

  add(data: Uint8Array): void {
    this.text += new TextDecoder().decode(data);
    this.#wake();
  }

  /** Resolves once `pattern` stands after what earlier calls have seen. */
  async shows(pattern: RegExp): Promise<void> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) {
        this.text = this.text.slice(found.index + found[0].length);
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

test("`zeroclaw chat` edits a line on a real terminal, prints the answer, and leaves the terminal as it was", async () => {
  const folder = await temporaryFolder();
  const gateway = await startGatewayProcess(folder.dir);
  const reading = new Reading();
  try {
    await using terminal = new Bun.Terminal({ cols: 80, rows: 24, data: (_terminal, data) => reading.add(data) });
    const before = terminal.localFlags;
    const chatting = Bun.spawn([...program(), "chat"], {
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", TERM: "xterm", ZEROCLAW_CONFIG_DIR: folder.dir },
      terminal,
    });
    await reading.shows(/> \r\u001b\[2C$/);
    expect(terminal.localFlags).not.toBe(before);
    // Typed wrongly and mended: two to the left, one away, another in its place.
    terminal.write("/ehlp\u001b[D\u001b[D\u001b[D\u007fhe\u001b[3~\r");
    await reading.shows(/\/help[\s\S]*\/whoami/);
    await reading.shows(/> \r\u001b\[2C$/);
    terminal.write("\u001b[A");
    await reading.shows(/> \/help/);
    terminal.write("\u0015\u0004");
    expect(await chatting.exited).toBe(0);
    expect(terminal.localFlags).toBe(before);
  } finally {
    gateway.signal("SIGKILL");
    await gateway.ended;
    await folder.remove();
  }
});
