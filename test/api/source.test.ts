import { describe, expect, test } from "bun:test";
import type { Context } from "../../src/api/context.ts";
import { handshake, type SourceParts, source } from "../../src/api/source.ts";
import type { Channel, ChannelEvent, Delivery, Reading } from "../../src/channels/channel.ts";
import type { HeldBody } from "../../src/http/held-body.ts";
import { Lru } from "../../src/lib/lru.ts";
import { Problem } from "../../src/protocol/problem.ts";
import type { Refusal, StoredRefusal } from "../../src/protocol/refusal.ts";
import { type NewEvent, StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";

const WRONG: Refusal = { reason: "wrong_signature", code: "bad_signature", detail: "It is wrong.", fix: "Look." };

function eventOf(delivery_id: string | null, text = "{}"): ChannelEvent {
  const body = new TextEncoder().encode(text);
  return { type: "ping", delivery_id, session_id: "shop", content_type: "application/json", body };
}

interface Says {
  verify?: Refusal;
  signature?: Refusal;
  read?: Reading | Refusal;
  accepted?: Channel["accepted"];
  handshake?: Channel["handshake"];
  secretInPath?: boolean;
}

/** A channel that says what it is told to. */
function channelOf(says: Says, met: Delivery[] = []): Channel {
  return {
    name: "shop",
    kind: "hmac",
    maxBody: 1_000_000,
    secretInPath: says.secretInPath ?? false,
    secretHeaders: ["x-shop-key"],
    verify: (delivery) => {
      met.push(delivery);
      return says.verify ?? { update: () => undefined, refusal: () => says.signature ?? null };
    },
    read: () => says.read ?? { kind: "events", events: [eventOf("d1")] },
    ...(says.handshake ? { handshake: says.handshake } : {}),
    ...(says.accepted ? { accepted: says.accepted } : {}),
    plan: () => ({ run: true, reply: null }),
    sample: () => ({ path: "", headers: {}, body: new Uint8Array() }),
    samples: [],
    label: (headers) => ({ delivery_id: headers.get("x-id"), event: null }),
  };
}

interface SceneOptions {
  readonly says?: Says;
  readonly off?: string;
  readonly retryAfter?: number;
  readonly spend?: number;
}

function scene({ says = {}, off, retryAfter = 0, spend = 0 }: SceneOptions = {}) {
  const stored = new Map<string, NewEvent>();
  const kept: StoredRefusal[] = [];
  const counted: string[] = [];
  const state = { disk: true, released: 0, strangers: 0, asked: 0, proved: 0 };
  const met: Delivery[] = [];
  const accept = async (event: NewEvent) => {
    state.asked += 1;
    if (!state.disk) throw new StoreUnavailable("disk full");
    const key = event.delivery_id ?? event.event_id;
    const first = stored.get(key);
    if (first) return { event_id: first.event_id, duplicate: true };
    stored.set(key, event);
    return { event_id: event.event_id, duplicate: false };
  };
  const parts = {
    channels: new Map([["shop", off === undefined ? channelOf(says, met) : { name: "shop", off }]]),
    store: { events: { accept } },
    feed: { emit: (type: string) => void counted.push(`feed ${type}`) },
    inbox: { accepted: () => void counted.push("inbox") },
    clock: new ManualClock(),
    refusals: { record: (refusal: StoredRefusal) => void kept.push(refusal) },
    spend: () => spend,
    recent: new Lru<string, string>(2),
    counts: {
      accepted: (name: string, n: number) => void counted.push(`accepted ${name} ${n}`),
      duplicate: (name: string, n: number) => void counted.push(`duplicate ${name} ${n}`),
      refused: (name: string, reason: string) => void counted.push(`refused ${name} ${reason}`),
    },
    urlOf: ({ request }: Context) => request.url,
  } as unknown as SourceParts; // the parts of the store, feed and inbox that a delivery meets
  const context = (
    body: string,
    headers: Record<string, string>,
    params: Record<string, string>,
    query = "",
  ): Context => {
    const bytes = new TextEncoder().encode(body);
    return {
      request: new Request("http://h/webhook/shop", {
        method: "POST",
        body: bytes,
        headers: { "Content-Length": String(bytes.length), ...headers },
      }),
      request_id: "r1",
      path: "/webhook/shop",
      params,
      client: "192.0.2.1",
      principal: null,
      queryText: query,
      query: () => null,
      body: async () => bytes,
      heldBody: async (_max: number, see: (bytes: Uint8Array) => void): Promise<HeldBody> => {
        see(bytes);
        const release = () => {
          state.released += 1;
        };
        return { bytes, release };
      },
      proved: () => {
        state.proved += 1;
      },
      countStranger: () => {
        state.strangers += 1;
        return { retryAfter };
      },
      hold: () => undefined,
      letGo: () => undefined,
    };
  };
  const post = async (
    body = "{}",
    headers: Record<string, string> = {},
    params: Record<string, string> = { source: "shop" },
  ) => {
    try {
      return await source(parts)(context(body, headers, params));
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  };
  const get = async (query: string) => {
    try {
      return await handshake(parts)(context("", {}, { source: "shop" }, query));
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  };
  return { post, get, stored, kept, counted, state, met };
}

describe("a verified delivery", () => {
  test("is stored with its bytes and its headers but their secrets, and answered 202 with the event's id", async () => {
    const { post, stored, counted, state } = scene();
    const answer = await post('{"a":1}', { "X-Shop-Key": "s3cret", Authorization: "Bearer x", "X-Other": "y" });
    const [event] = stored.values();
    expect(answer).toMatchObject({ status: 202, body: `{"status":"accepted","event_id":"${event?.event_id}"}` });
    expect(event).toMatchObject({
      source: "shop",
      type: "ping",
      delivery_id: "d1",
      session_id: "shop",
      device_id: null,
      headers: { "x-shop-key": "[redacted]", authorization: "[redacted]", "x-other": "y" },
    });
    expect(counted).toEqual(["feed event", "inbox", "accepted shop 1", "duplicate shop 0"]);
    expect(state).toMatchObject({ released: 1, strangers: 0, proved: 1 });
  });

  test("that nobody answers is done with that, and the agent is not troubled", async () => {
    const read: Reading = { kind: "events", events: [{ ...eventOf("d1"), stored: "A ping." }] };
    const { post, stored, counted } = scene({ says: { read } });
    expect(await post()).toMatchObject({ status: 202 });
    expect([...stored.values()]).toMatchObject([{ stored: "A ping." }]);
    expect(counted).toEqual(["feed event", "accepted shop 1", "duplicate shop 0"]);
  });

  test("is known again by its delivery id: in memory first, then on disk, with 200 and the first event's id", async () => {
    const { post, stored, counted, state } = scene();
    const first = await post();
    const again = await post();
    expect(again).toMatchObject({ status: 200 });
    expect("body" in again && "body" in first && again.body).toBe(
      String("body" in first && first.body).replace("accepted", "duplicate"),
    );
    expect(state.asked).toBe(1);
    expect(stored.size).toBe(1);
    expect(counted.filter((one) => one === "inbox")).toHaveLength(1);
  });

  test("of which some events are new is accepted, and names those", async () => {
    const says: Says = { read: { kind: "events", events: [eventOf("d1"), eventOf("d2"), eventOf(null)] } };
    const { post, stored } = scene({ says });
    says.read = { kind: "events", events: [eventOf("d1")] };
    await post();
    says.read = { kind: "events", events: [eventOf("d1"), eventOf("d2"), eventOf(null)] };
    const answer = await post();
    expect(stored.size).toBe(3);
    const ids = [...stored.values()].slice(1).map(({ event_id }) => event_id);
    expect("body" in answer && JSON.parse(String(answer.body))).toEqual({ status: "accepted", event_ids: ids });
  });

  test("is answered as its provider wants it, new or not", async () => {
    const accepted = { status: 200, body: "<Response/>", type: "text/xml" } as const;
    const { post } = scene({ says: { accepted } });
    expect(await post()).toEqual(accepted);
    expect(await post()).toEqual(accepted);
  });

  test("that asks for an answer only is given it, and nothing is stored", async () => {
    const answer = { status: 200, body: "challenge", type: "text/plain" } as const;
    const { post, stored, counted } = scene({ says: { read: { kind: "answer", answer } } });
    expect(await post()).toEqual(answer);
    expect([stored.size, counted]).toEqual([0, []]);
  });

  test("that is a gateway's own answer is stored and not answered: it would never end", async () => {
    const { post, stored } = scene();
    await post("{}", { "Zeroclaw-Reply": "1" });
    expect([...stored.values()]).toMatchObject([{ stored: "an answer that a gateway sent" }]);
  });

  test("that its provider wants a JSON answer for is told when it is a duplicate", async () => {
    const accepted = { status: 200, body: '{"status":"accepted"}', type: "application/json; charset=utf-8" } as const;
    const { post } = scene({ says: { accepted } });
    expect(await post()).toEqual(accepted);
    expect(await post()).toMatchObject({ status: 200, body: expect.stringContaining('"duplicate"') });
  });

  test("that cannot be stored is refused with 503, and is new when it comes again", async () => {
    const { post, kept, stored, state } = scene();
    state.disk = false;
    expect(await post()).toMatchObject({ code: "store_unavailable", status: 503 });
    expect(kept).toMatchObject([{ reason: "store_unavailable" }]);
    expect(state).toMatchObject({ released: 1, strangers: 0 });
    state.disk = true;
    expect(await post()).toMatchObject({ status: 202 });
    expect(stored.size).toBe(1);
  });

  test("over its source's own budget is told when to come back, and its address is not blamed", async () => {
    const { post, kept, state } = scene({ spend: 17 });
    expect(await post()).toMatchObject({ code: "source_over_budget", status: 429, retryAfter: 17 });
    expect(kept).toMatchObject([{ reason: "source_over_budget", source: "shop" }]);
    expect(state.strangers).toBe(0);
  });
});

describe("a refused delivery", () => {
  test("is kept with the reason, what to fix and the sender's own id, and counted against its address", async () => {
    const { post, kept, counted, state } = scene({ says: { signature: WRONG } });
    const problem = await post("{}", { "X-Id": "gh-1" });
    expect(problem).toMatchObject({ code: "bad_signature", status: 401, message: "It is wrong." });
    expect(problem.headers).toMatchObject({ "WWW-Authenticate": 'Signature realm="zeroclaw"' });
    expect(kept).toEqual([
      {
        request_id: "r1",
        at: expect.any(Number),
        source: "shop",
        reason: "wrong_signature",
        detail: "It is wrong.",
        fix: "Look.",
        client: "192.0.2.1",
        size: 2,
        delivery_id: "gh-1",
        event: null,
      },
    ]);
    expect(counted).toEqual(["refused shop wrong_signature"]);
    expect(state).toMatchObject({ strangers: 1, released: 1, proved: 0 });
  });

  test("whose headers prove nothing is refused before its body is read", async () => {
    const { post, state } = scene({ says: { verify: { ...WRONG, reason: "missing_signature" } } });
    expect(await post()).toMatchObject({ code: "bad_signature" });
    expect(state.released).toBe(0);
  });

  test("from an address that has used up its window is told 429; one that proves itself is not", async () => {
    const wrong = scene({ says: { signature: WRONG }, retryAfter: 30 });
    expect(await wrong.post()).toMatchObject({ code: "rate_limited", retryAfter: 30 });
    expect(wrong.kept).toMatchObject([{ reason: "wrong_signature" }]);
    expect(await scene({ retryAfter: 30 }).post()).toMatchObject({ status: 202 });
  });

  test("larger than its channel takes is refused before anything else is looked at", async () => {
    const { post, kept, met } = scene();
    expect(await post("{}", { "Content-Length": "1000001" })).toMatchObject({ code: "too_large", status: 413 });
    expect(kept).toMatchObject([{ reason: "too_large", size: 1_000_001 }]);
    expect(met).toHaveLength(0);
  });

  test.each([
    ["an unknown source", { source: "s3cretinplaceofaname" }, "not_found", "unknown_source", "(unknown)", "(none)"],
    ["a source whose name was mistyped", { source: "shap" }, "not_found", "unknown_source", "shap", "(none)"],
    [
      "a secret in the address of a source that has none there",
      { source: "shop", secret: "x" },
      "not_found",
      "wrong_address",
      "shop",
      "shop",
    ],
  ])("for %s says so", async (_what, params, code, reason, shown, label) => {
    const { post, kept, counted } = scene();
    expect(await post("{}", {}, params as Record<string, string>)).toMatchObject({ code });
    expect(kept).toMatchObject([{ reason, source: shown }]);
    expect(counted[0]).toBe(`refused ${label} ${reason}`);
  });

  test("of a channel without its secret is answered 503 with the reason: it fails closed", async () => {
    const { post, kept } = scene({ off: '"channels.shop.secret" is not set' });
    const problem = await post();
    expect(problem).toMatchObject({ code: "channel_off", status: 503 });
    expect(String(problem instanceof Problem && problem.message)).toContain('"channels.shop.secret" is not set');
    expect(kept).toMatchObject([{ reason: "channel_off" }]);
  });

  test("whose body its channel cannot read is refused with 400", async () => {
    const read: Refusal = { reason: "bad_body", code: "bad_json", detail: "No JSON.", fix: "Ask." };
    const { post, state } = scene({ says: { read } });
    expect(await post()).toMatchObject({ code: "bad_json", status: 400 });
    expect(state.strangers).toBe(0);
  });
});

describe("a GET of a source's address", () => {
  test("is answered by its channel's handshake", async () => {
    const { get } = scene({
      says: { handshake: (query) => ({ status: 200, body: query.get("hub.challenge") ?? "", type: "text/plain" }) },
    });
    expect(await get("hub.challenge=42")).toEqual({ status: 200, body: "42", type: "text/plain" });
  });

  test("that does not know the verify token is refused and kept", async () => {
    const refusal: Refusal = { reason: "wrong_verify_token", code: "bad_verify_token", detail: "No.", fix: "Look." };
    const { get, kept } = scene({ says: { handshake: () => refusal } });
    expect(await get("hub.mode=subscribe")).toMatchObject({ code: "bad_verify_token", status: 403 });
    expect(kept).toMatchObject([{ reason: "wrong_verify_token" }]);
  });

  test("of a source without one is 405 with what it takes", async () => {
    const { get, kept } = scene();
    expect(await get("")).toMatchObject({ code: "method_not_allowed", headers: { Allow: "POST" } });
    expect(kept).toEqual([]);
  });
});
