import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { linesBetween } from "./page.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const SNIPPET = linesBetween("const ws = new WebSocket('ws://127.0.0.1:8585/ws');", "Security Features").join("\n");

describe.each(SUBJECTS)("WebSocket Protocol (%s)", (_name, command) => {
  test.skipIf(!Bun.which("node"))(
    "the page's client, unchanged but for address and token, prints the agent's response once",
    async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      const dir = await mkdtemp(join(tmpdir(), "zeroclaw-client-"));
      try {
        await symlink(resolve(import.meta.dir, "../../node_modules"), join(dir, "node_modules"));
        const client = SNIPPET.replace("127.0.0.1:8585", `127.0.0.1:${gateway.port}`).replace(
          "your-pairing-token",
          token,
        );
        await writeFile(join(dir, "client.mjs"), `import WebSocket from 'ws';\n${client}\n`);
        const node = Bun.spawn(["node", "client.mjs"], { cwd: dir, stdout: "pipe", stderr: "pipe" });
        let printed = "";
        const reading = (async () => {
          for await (const bytes of node.stdout) printed += Buffer.from(bytes).toString("utf8");
        })();
        await gateway.until(() => printed.includes("}"));
        await gateway.stop(); // closes the socket, and with it the client has nothing left to wait for
        await Promise.all([reading, node.exited]);
        expect({ code: node.exitCode, stderr: await node.stderr.text() }).toEqual({ code: 0, stderr: "" });
        expect(printed).toStartWith("Agent response: {");
        expect(printed.split("Agent response:")).toHaveLength(2);
        for (const field of [
          "type: 'response'",
          "content: ",
          "session_id: ",
          "message_id: ",
          "run_id: ",
          "seq: ",
          "model: ",
        ]) {
          expect(printed).toContain(field);
        }
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  );

  test("a message with its token gets exactly one frame: the response", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    using socket = await GatewaySocket.open(gateway.url);
    expect(await socket.ask({ type: "message", content: "Hello from client", token })).toEqual({
      type: "response",
      content: expect.stringMatching(/\S/),
      session_id: expect.any(String),
      message_id: expect.any(String),
      run_id: expect.any(String),
      seq: expect.any(Number),
      model: "operator",
    });
    expect(await socket.rest()).toEqual([]);
  });

  test("it is bidirectional: what another client does is told while the socket is open", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    expect(await socket.ask({ type: "subscribe", topics: ["events"] })).toEqual({
      type: "subscribed",
      topics: ["events"],
    });
    const event_id = (await gateway.client(token).post("/webhook", { type: "deploy" })).field("event_id");
    expect(await socket.next()).toMatchObject({ type: "event", topic: "events", data: { event_id } });
  });

  test.skipIf(!Bun.which("curl"))(
    "a pairing code where the page says 'your-pairing-token' is answered with the command that makes a token of it",
    async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.open(gateway.url);
      const refused = await socket.ask({ type: "message", content: "Hello from client", token: gateway.code });
      expect(refused).toMatchObject({ type: "error", code: "pair_first" });
      const [advice = ""] = /curl -X POST \S+ -H '[^']+'/.exec(String(refused["detail"])) ?? [];
      const shell = Bun.spawn(["sh", "-c", advice], { stdout: "pipe", stderr: "ignore" });
      const { token } = await shell.stdout.json();
      expect(await socket.ask({ type: "message", content: "Hello from client", token })).toMatchObject({
        type: "response",
      });
    },
  );
});
