import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { isTerminal, type RunFrame } from "../../src/protocol/frames.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { type Client, CODE, OWNER, PHONE, SENSOR, TABLET, World } from "../support/socket.ts";

const SESSIONS = ["device:phone", "device:owner", "a", "b"] as const;
const token = fc.constantFrom(OWNER, PHONE, TABLET, SENSOR, CODE, "zc_wrong");
const session_id = fc.constantFrom(...SESSIONS, "nowhere", "github:x", "no good");
/** Few, so that they come again. */
const key = fc.constantFrom("k1", "k2", "k3");
const topic = fc.oneof(
  fc.constantFrom("events", "runs", "devices", "weather"),
  session_id.map((id) => `session:${id}`),
);

/** A frame without its `id`, or something that is none. */
const frame: fc.Arbitrary<object> = fc.oneof(
  fc.record({ type: fc.constant("message"), content: fc.constantFrom("Hi", "Ho", ""), stream: fc.boolean() }),
  fc.record({ type: fc.constant("message"), content: fc.constant("Hi"), session_id, stream: fc.boolean() }),
  fc.record({ type: fc.constant("message"), content: fc.constantFrom("Hi", "Ho"), session_id, token }),
  fc.record({ type: fc.constant("auth"), token }),
  fc.record({ type: fc.constant("auth"), token, permissions: fc.boolean() }),
  fc.record({ type: fc.constant("pair"), code: fc.constantFrom(CODE, "AAAA-0000-AAAA") }),
  fc.record({ type: fc.constant("resume"), session_id, after: fc.nat(40) }),
  fc.record({ type: fc.constant("cancel"), nth: fc.nat(5) }),
  fc.record({ type: fc.constant("subscribe"), topics: fc.array(topic, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("unsubscribe"), topics: fc.array(topic, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("permission"), request_id: fc.constant("p"), decision: fc.constant("allow") }),
  fc.constant({ type: "ping" }),
  fc.record({ type: fc.constantFrom("say", 1, null) }),
);

const step = fc.oneof(
  { weight: 24, arbitrary: fc.record({ do: fc.constant("send" as const), socket: fc.nat(3), frame }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("again" as const), socket: fc.nat(3), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("junk" as const), socket: fc.nat(3), text: fc.string() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("agent" as const), nth: fc.nat(9), end: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), socket: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stall" as const), socket: fc.nat(3), stalled: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revoke" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), session: fc.constantFrom(...SESSIONS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("break" as const),
      method: fc.constantFrom(
        "runs.create",
        "runs.finish",
        "sessions.get",
        "runs.get",
        "runs.endedAfter",
        "sessions.reserve",
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 5_000) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Sent {
  readonly client: Client;
  readonly id: string;
  /** A cancel is answered by the end of this run, wherever its frames have another id. */
  readonly run_id: string | undefined;
}

/** Who the sockets belong to when they open: two devices on three sockets, and a stranger. */
const OPENED = [PHONE, PHONE, OWNER, undefined] as const;

/** Four sockets and what was sent on them. */
class Play {
  readonly world = new World({ agent: new ScriptedAgent(null) });
  readonly clients: Client[] = OPENED.map((token) => this.world.connect(token));
  readonly everyone: Client[] = [...this.clients];
  readonly sent: Sent[] = [];

  async do(one: Step): Promise<void> {
    const { world } = this;
    if (one.do === "send") this.#send(one.socket, one.frame);
    else if (one.do === "again")
      this.#client(one.socket).raw(JSON.stringify({ type: "message", content: "Hi", id: one.key }));
    else if (one.do === "junk") this.#client(one.socket).raw(one.text);
    else if (one.do === "turn") await quiet();
    else if (one.do === "agent") this.#agent(one.nth, one.end);
    else if (one.do === "leave") this.#replace(one.socket);
    else if (one.do === "stall") this.#client(one.socket).socket.stalled = one.stalled;
    else if (one.do === "revoke") world.revoke(TABLET);
    else if (one.do === "forget") (await world.streams.acquire(one.session).catch(() => null))?.forget();
    else if (one.do === "break") world.store.fail(one.method);
    else {
      world.clock.advance(one.ms);
      await quiet();
    }
  }

  /** Lets everything come to its end: agents, stores, readers. */
  async finish(): Promise<void> {
    const { world } = this;
    for (let i = 0; i < 12; i += 1) {
      for (const turn of world.agent.turns) turn.done();
      for (const client of this.everyone) {
        client.socket.stalled = false;
        await client.take();
      }
      world.clock.advance(500);
      await quiet();
    }
    await world.runs.idle();
    await quiet();
  }

  #client(nth: number): Client {
    return this.clients[nth % this.clients.length]!;
  }

  #send(nth: number, body: object): void {
    const client = this.#client(nth);
    const id = `f${this.sent.length}`;
    let run_id: string | undefined;
    if ("nth" in body) run_id = [...this.world.store.rows.keys()].at(Number(body.nth)) ?? "none";
    this.sent.push({ client, id, run_id });
    client.raw(JSON.stringify({ ...body, ...(run_id ? { run_id } : {}), id }));
  }

  #agent(nth: number, end: boolean): void {
    const turn = this.world.agent.turns.at(nth % Math.max(1, this.world.agent.turns.length));
    turn?.say("a");
    if (end) turn?.done();
  }

  #replace(nth: number): void {
    const place = nth % this.clients.length;
    this.clients[place]!.leave();
    this.clients[place] = this.world.connect(OPENED[place]);
    this.everyone.push(this.clients[place]!);
  }
}

function over(client: Client): boolean {
  return client.socket.closed !== null || client.socket.terminated || client.data.connection?.closed === true;
}

function answered({ client, id, run_id }: Sent): boolean {
  if (over(client)) return true;
  return client.frames.some(
    (one) => one["id"] === id || (run_id !== undefined && one["run_id"] === run_id && isEnd(one)),
  );
}

function isEnd(one: object): boolean {
  return isTerminal(one as RunFrame); // only its type is looked at
}

test("whatever clients send in whatever order, each frame is answered, each run ends once, and nothing is left", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const play = new Play();
      for (const one of steps) await play.do(one);
      await play.finish();
      play.world.store.failing.clear();
      expect(play.sent.filter((one) => !answered(one)).map(({ id }) => id)).toEqual([]);
      const { world } = play;
      for (const run of world.store.rows.values()) expect(["done", "failed", "cancelled"]).toContain(run.state);
      for (const client of play.everyone) client.leave();
      await quiet();
      const { sockets, unauthenticated } = world.hub;
      expect({ sockets, unauthenticated }).toEqual({ sockets: 0, unauthenticated: 0 });
      expect([world.feed.listeners, world.permissions.listeners, world.hub.ids.size, world.runs.active]).toEqual([
        0, 0, 0, 0,
      ]);
      expect(world.clock.timers).toBe(2); // the hub's ping and the streams' sweep
      for (const session of SESSIONS) {
        const stream = await world.streams.acquire(session);
        expect([stream.readers, stream.waiting]).toEqual([0, 0]);
      }
    }),
    { numRuns: 100 },
  );
});

test("a socket that neither resumes nor streams gets each answer once, in the order of its questions", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (together) => {
      const world = new World();
      const client = await world.as(PHONE);
      for (const [i, wait] of together.entries()) {
        client.raw(JSON.stringify({ type: "message", content: `${i}` }));
        if (wait) await quiet();
      }
      await quiet();
      await quiet();
      expect(client.frames.map(({ type, content }) => [type, content])).toEqual(
        together.map((_, i) => ["response", `You said: ${i}`]),
      );
    }),
    { numRuns: 30 },
  );
});
