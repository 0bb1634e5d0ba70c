import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { RawConnection, requestBytes } from "../support/raw-http.ts";

// The real 30 seconds, at the door of real processes. All of them at the same time.
setDefaultTimeout(120_000);
beforeAll(buildBinary);

/** Sends a piece every half second until the other side closes. */
async function drip(connection: RawConnection, piece: string): Promise<void> {
  while (connection.isOpen) {
    connection.send(piece);
    await Promise.race([connection.closed(), Bun.sleep(500)]); // this is what a slow client does
  }
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = Bun.nanoseconds();
  await work();
  return (Bun.nanoseconds() - began) / 1e9;
}

for (const [name, command] of SUBJECTS) {
  test.concurrent.each([
    ["declared", { "Content-Length": "1000" }, "x"],
    ["chunked", { "Transfer-Encoding": "chunked" }, "1\r\nx\r\n"],
  ] as const)(
    `Timeouts - a body that drips in (%s) is cut with 408 after 30 seconds, and others are served meanwhile (${name})`,
    async (_how, framing, piece) => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      await using slow = await RawConnection.open(gateway.port);
      const headers = { Authorization: `Bearer ${token}`, ...framing };
      slow.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
      const dripping = drip(slow, piece);
      const seconds = await secondsOf(async () => {
        const answer = slow.response();
        expect((await gateway.client(token).post("/webhook", { quick: true })).status).toBe(202);
        const { status, text } = await answer;
        expect({ status, code: JSON.parse(text).code }).toEqual({ status: 408, code: "request_timeout" });
      });
      await slow.closed();
      await dripping;
      expect(seconds).toBeGreaterThan(29); // a slow but honest sender has its 30 seconds
      expect((await gateway.client(token).get("/api/events")).rows("events")).toHaveLength(1); // the quick one
    },
  );

  test.concurrent(`Timeouts - slow-loris: headers that drip in, and connections that say nothing, are closed (${name})`, async () => {
    await using gateway = await GatewayProcess.start(command);
    await using loris = await RawConnection.open(gateway.port);
    await using silent = await RawConnection.open(gateway.port);
    await using kept = await RawConnection.open(gateway.port);
    loris.send(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n`);
    const dripping = drip(loris, "X-Line: x\r\n");
    kept.send(requestBytes(gateway.port, { path: "/health" }));
    expect((await kept.response()).status).toBe(200); // and then never another request
    await Promise.all([loris.closed(), silent.closed(), kept.closed(), dripping]);
    expect(loris.received + silent.received).toBe("");
    expect((await gateway.fetch("/health")).status).toBe(200);
  });

  test.concurrent(`Timeouts - a hundred dripping bodies at once do not keep anybody else from being served (${name})`, async () => {
    await using gateway = await GatewayProcess.start(command, { config: "[gateway.rate_limit]\nenabled = false\n" });
    const token = await gateway.pair();
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": "60000" };
    const connections = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(gateway.port)));
    try {
      for (const one of connections)
        one.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
      const dripping = connections.map((one) => drip(one, "x"));
      const answers = connections.map((one) => one.response());
      for (let i = 0; i < 50; i += 1) {
        expect((await gateway.client(token).post("/webhook", { i })).status).toBe(202);
      }
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(connections.map(() => 408));
      await Promise.all(dripping);
    } finally {
      await Promise.all(connections.map((one) => one[Symbol.asyncDispose]()));
    }
  });

  test.concurrent(`SIGTERM does not wait for a client that never finishes: the gateway ends with 0 all the same (${name})`, async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    await using stuck = await RawConnection.open(gateway.port);
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": "10" };
    stuck.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
    await gateway.fetch("/health"); // so what was sent before has arrived
    expect(await gateway.stop()).toBe(0);
  });
}
