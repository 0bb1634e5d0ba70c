import { describe, expect, test } from "bun:test";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { type Frame, GatewaySocket } from "../support/gateway-socket.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";

function seqs(frames: readonly Frame[]): readonly number[] {
  return frames.map(({ seq }) => Number(seq));
}

function expectRising(frames: readonly Frame[]): void {
  const found = seqs(frames);
  expect(found.filter(Number.isInteger)).toHaveLength(frames.length);
  expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
}

/** What is said in sessions: frames, their order, and how a client comes back (contract §4). */
export function websocketSessionConformance(command: readonly string[]): void {
  messages(command);
  runs(command);
  resuming(command);
}

function messages(command: readonly string[]): void {
  describe("messages", () => {
    test("with stream: true the pieces come first: numbered, of one run, together the whole answer", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      socket.send({ type: "message", content: "pump in the cellar", stream: true, id: "m", session_id: "desk" });
      const frames = await socket.through("response");
      expectRising(frames);
      const pieces = frames.filter(({ type }) => type === "delta");
      const [tool] = frames.filter(({ type }) => type === "tool");
      const whole = frames.at(-1);
      const common = { run_id: whole?.["run_id"], session_id: "desk", seq: expect.any(Number), id: "m" };
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces[0]).toEqual({
        type: "delta",
        message_id: whole?.["message_id"],
        attempt: 1,
        content: expect.any(String),
        ...common,
      });
      expect(tool).toMatchObject({
        type: "tool",
        attempt: 1,
        call_id: expect.any(String),
        name: "search",
        state: "running",
        ...common,
      });
      expect(pieces.map(({ content }) => content).join("")).toBe(String(whole?.["content"]));
      expect(await socket.rest()).toEqual([]);
    });

    test("messages of one session are answered one after the other, in their order, each with one response", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      const ids = Array.from({ length: 20 }, (_, i) => `m${i}`);
      for (const id of ids) socket.send({ type: "message", content: `Hello ${id}`, id });
      const answers: Frame[] = [];
      for (const _ of ids) answers.push(await socket.next());
      expect(answers.map(({ type, id }) => [type, id])).toEqual(ids.map((id) => ["response", id]));
      expectRising(answers);
      expect(await socket.rest()).toEqual([]);
    });

    test("an id is an idempotency key: sent again it gets the same answer, with another content an error", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      const message = { type: "message", content: "Hello", id: "m" };
      const first = await socket.ask(message);
      using later = await GatewaySocket.authenticated(gateway.url, token);
      expect(await later.ask(message)).toEqual(first);
      expect(await later.ask({ ...message, content: "Bye" })).toMatchObject({
        type: "error",
        code: "idempotency_mismatch",
        id: "m",
      });
      const session = await gateway.client(token).get(`/api/sessions/${first["session_id"]}`);
      expect(session.rows("messages")).toHaveLength(2);
    });
  });
}

function runs(command: readonly string[]): void {
  describe("runs", () => {
    test("a run belongs to its session: it goes on when the socket closes", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const socket = await GatewaySocket.authenticated(gateway.url, String(owner.token));
      socket.send({ type: "message", content: "Hello", session_id: "desk" });
      socket.close();
      await eventually("the answer is in the session", async () => {
        const session = await owner.get("/api/sessions/desk");
        return session.status === 200 && session.rows("messages").length === 2;
      });
    });

    test("cancel ends a run by its id with one error of the code cancelled; the others are answered", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      // The last of many is cancelled in the same breath. Should it have been answered by then, it is tried again.
      await eventually("a message is cancelled before its answer", async () => {
        const ids = Array.from({ length: 30 }, (_, i) => `${i}-${crypto.randomUUID()}`);
        for (const id of ids) socket.send({ type: "message", content: "What happened?", id });
        socket.send({ type: "cancel", id: ids.at(-1) });
        const ends = new Map<unknown, Frame>();
        while (ends.size < ids.length) {
          const frame = await socket.next();
          if (frame["code"] === "not_found") continue; // the run had ended
          expect(ends.has(frame["id"])).toBe(false);
          ends.set(frame["id"], frame);
        }
        const last = ends.get(ids.at(-1));
        const others = ids.slice(0, -1).map((id) => ends.get(id)?.["type"]);
        expect(others).toEqual(others.map(() => "response"));
        return last?.["type"] === "error" && last["code"] === "cancelled";
      });
      expect(await socket.rest()).toEqual([]);
    });
  });
}

function resuming(command: readonly string[]): void {
  describe("resume", () => {
    test("gives what came after a number, then subscribed, then what comes from then on", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using first = await GatewaySocket.authenticated(gateway.url, token);
      const one = await first.ask({ type: "message", content: "Hello", session_id: "desk" });
      const two = await first.ask({ type: "message", content: "Who are you?", session_id: "desk" });
      first.close();
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      socket.send({ type: "resume", session_id: "desk", after: one["seq"] });
      const missed = await socket.through("subscribed");
      expect(missed.at(-1)).toEqual({ type: "subscribed", topics: ["session:desk"] });
      expect(missed.filter(({ type }) => type === "response")).toEqual([two]);
      const said = await gateway.client(token).post("/api/message", { message: "Hello", session_id: "desk" });
      expect((await socket.through("response")).at(-1)).toMatchObject({ run_id: said.field("run_id") });
    });

    test("in the middle of an answer it gives the rest of it, frame by frame the same", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using first = await GatewaySocket.authenticated(gateway.url, token);
      using second = await GatewaySocket.authenticated(gateway.url, token);
      first.send({ type: "message", content: "pump in the cellar", session_id: "desk", stream: true });
      const begun = await first.next();
      second.send({ type: "resume", session_id: "desk", after: begun["seq"] });
      const rest = await first.through("response");
      const seen = (await second.through("response")).filter(({ type }) => type !== "subscribed");
      expect(seen).toEqual([...rest]);
    });

    test("after kill -9 and a restart the answers are still there, and numbers go on rising", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using before = await GatewaySocket.authenticated(gateway.url, token);
      const answers: Frame[] = [];
      for (const content of ["Hello", "Who are you?", "Hello again"]) {
        answers.push(await before.ask({ type: "message", content, session_id: "desk" }));
      }
      await gateway.kill();
      await using restarted = await gateway.again();
      using after = await GatewaySocket.authenticated(restarted.url, token);
      after.send({ type: "resume", session_id: "desk", after: answers[0]?.["seq"] });
      expect((await after.through("subscribed")).slice(0, -1)).toEqual(answers.slice(1));
      const next = await after.ask({ type: "message", content: "Hello", session_id: "desk" });
      const frames = next["type"] === "response" ? [next] : [next, ...(await after.through("response"))];
      expectRising([...answers, ...frames]);
    });

    test("messages that were cut off by kill -9 are answered after the restart, each once", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const token = await gateway.pair();
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      for (let i = 0; i < 30; i += 1)
        socket.send({ type: "message", content: `number ${i}`, id: `m${i}`, session_id: "desk" });
      const answered = await socket.next();
      await gateway.kill();
      await using restarted = await gateway.again();
      const owner = restarted.client(token);
      const messages = await eventually("every message that was kept is answered", async () => {
        const rows = (await owner.get("/api/sessions/desk?limit=100")).rows("messages");
        const roles = rows.map(({ role }) => role);
        return (
          roles.filter((role) => role === "assistant").length === roles.filter((role) => role === "user").length && rows
        );
      });
      const runs = messages.filter(({ role }) => role === "assistant").map(({ run_id }) => run_id);
      expect(new Set(runs).size).toBe(runs.length);
      expect(runs).toContain(answered["run_id"]);
    });
  });
}
