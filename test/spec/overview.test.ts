import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildBinary, eventually, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

describe.each(SUBJECTS)("Overview (%s)", (_name, command) => {
  test("zeroclaw gateway starts an HTTP and WebSocket server on one port", async () => {
    await using gateway = await GatewayProcess.start(command);
    expect((await gateway.fetch("/health")).status).toBe(200);
    using socket = await GatewaySocket.open(gateway.url);
    expect(await socket.ask({ type: "ping" })).toEqual({ type: "pong" });
  });

  test("it accepts webhook events from external services", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const answer = await owner.post("/webhook", { type: "deploy", status: "ok" });
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ status: "accepted", event_id: expect.any(String) });
  });

  test("it accepts WebSocket connections for real-time communication", async () => {
    await using gateway = await GatewayProcess.start(command);
    using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
    socket.send({ type: "message", content: "What can you do here?", stream: true });
    const types = (await socket.through("response")).map((frame) => frame["type"]);
    expect(types).toContain("delta"); // the answer comes while it is written
  });

  test("it accepts API requests for programmatic control", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const [device] = (await owner.get("/api/devices")).rows("devices");
    expect(device).toMatchObject({ scope: "owner", current: true });
    expect((await owner.delete(`/api/devices/${device?.["device_id"]}`)).status).toBe(204);
    expect((await owner.get("/api/devices")).status).toBe(401);
  });

  test("it enables remote interaction with the agent: an event from one client is what another one asks about", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    const owner = gateway.client(token);
    const event_id = (await owner.post("/webhook", { alarm: "cellar pump stopped" })).field("event_id");
    await eventually("the event is done", async () => {
      return (await owner.get(`/api/events/${event_id}`)).field("state") === "done";
    });
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    const answer = await socket.ask({ type: "message", content: "/search cellar pump" });
    expect(answer["type"]).toBe("response");
    expect(answer["content"]).toContain("cellar");
  });
});
