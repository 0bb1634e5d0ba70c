import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

/** Real curl, with the answer's status after its body. */
async function curl(...args: string[]): Promise<{ readonly status: number; readonly body: string }> {
  const child = Bun.spawn(["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [text, complaint] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`curl ended with ${child.exitCode}: ${complaint}`);
  const end = text.lastIndexOf("\n");
  return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
}

describe.each(SUBJECTS)("HTTP Endpoints (%s)", (_name, command) => {
  test("POST /webhook receives webhook events: JSON, a form and text, each kept as it came", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const events = [
      { type: "application/json", body: '{"action":"opened","number":7}' },
      { type: "application/x-www-form-urlencoded", body: "action=opened&number=7" },
      { type: "text/plain; charset=utf-8", body: "the pump in the cellar stopped — 7 °C" },
    ];
    for (const { type, body } of events) {
      const answer = await owner.post("/webhook", body, { "Content-Type": type });
      expect({ status: answer.status, says: answer.json["status"] }).toEqual({ status: 202, says: "accepted" });
      expect((await owner.get(`/api/events/${answer.field("event_id")}/body`)).text).toBe(body);
    }
  });

  test("POST /api/message sends a message to the agent and answers with what it says", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const answer = await owner.post("/api/message", { message: "Hello" });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      response: expect.stringMatching(/\S/),
      model: "operator",
      session_id: expect.stringMatching(/^device:/),
      message_id: expect.any(String),
      run_id: expect.any(String),
    });
  });

  test("GET /api/status is the gateway's health check: a little for anyone, more with a token", async () => {
    await using gateway = await GatewayProcess.start(command);
    const stranger = gateway.client();
    const unpaired = await stranger.get("/api/status");
    expect(unpaired.status).toBe(200);
    expect(unpaired.json).toEqual({
      status: "ok",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptime_seconds: expect.any(Number),
      paired: false,
    });
    const owner = await gateway.owner();
    expect((await stranger.get("/api/status")).json).toMatchObject({ paired: true });
    expect((await owner.get("/api/status")).json).toMatchObject({
      status: "ok",
      agent: { kind: "operator" },
      channels: [],
      inbox: { received: 0, running: 0, retrying: 0, dead: 0 },
      sockets: { open: 0 },
      limits: { max_requests_per_window: 60, window_seconds: 60, max_body: 65_536 },
    });
  });

  test("GET /health is the system's health: 200 and one word, without a token and free of limits", async () => {
    await using gateway = await GatewayProcess.start(command);
    const stranger = gateway.client();
    for (let i = 0; i < 70; i += 1) {
      const { status, json, headers } = await stranger.get("/health");
      expect({ status, json, limit: headers.get("ratelimit") }).toEqual({
        status: 200,
        json: { status: "ok" },
        limit: null,
      });
    }
  });

  test.skipIf(!Bun.which("curl"))("curl pairs, posts an event and sends a message", async () => {
    await using gateway = await GatewayProcess.start(command);
    const paired = await curl("-X", "POST", "-H", `X-Pairing-Code: ${gateway.code}`, `${gateway.url}/pair`);
    expect(paired.status).toBe(200);
    const { token } = JSON.parse(paired.body);
    const auth = ["-H", `Authorization: Bearer ${token}`];
    // As people type it: no content type, so that curl calls it a form.
    const event = await curl(...auth, "-d", '{"type":"deploy","status":"ok"}', `${gateway.url}/webhook`);
    expect({ status: event.status, body: JSON.parse(event.body) }).toEqual({
      status: 202,
      body: { status: "accepted", event_id: expect.any(String) },
    });
    const message = await curl(...auth, "-d", '{"message":"Hello"}', `${gateway.url}/api/message`);
    expect(message.status).toBe(200);
    expect(JSON.parse(message.body).response).toMatch(/\S/);
    const question = await curl(...auth, "--json", '{"message":"Hello"}', `${gateway.url}/webhook`);
    expect({ status: question.status, body: JSON.parse(question.body) }).toMatchObject({
      status: 200,
      body: { status: "ok", response: expect.stringMatching(/\S/), model: "operator" },
    });
  });
});
