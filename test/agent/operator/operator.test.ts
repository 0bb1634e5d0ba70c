import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AgentError } from "../../../src/agent/agent.ts";
import { COMMANDS } from "../../../src/agent/operator/commands.ts";
import { Operator } from "../../../src/agent/operator/operator.ts";
import { StoreUnavailable } from "../../../src/store/store.ts";
import { FakeDesk, idAt, KINDS } from "./support/desk.ts";
import { ask, CHANNEL, CHAT, eventsOf, operatorOf, textOf, turnOf } from "./support/talk.ts";

/** A desk with one secret of everything that is not the chat device's. */
function deskWithSecrets(): FakeDesk {
  const desk = new FakeDesk();
  const at = desk.clock.now() - 60_000;
  const event = desk.event(60_000, { source: "SECRET-source", type: "SECRET", text: "SECRET body", error: "SECRET" });
  desk.entries.push({ kind: "event", ref: event.event_id, session_id: "s", at, device_id: null, text: "SECRET words" });
  desk.entries.push({ kind: "note", ref: idAt(at), session_id: null, at, device_id: "device-a", text: "SECRET words" });
  desk.entries.push({
    kind: "message",
    ref: idAt(at),
    session_id: "s",
    at,
    device_id: "device-a",
    text: "SECRET words",
  });
  desk.kept.push({ note_id: idAt(at), device_id: "device-a", text: "SECRET", created_at: at });
  desk.waiting.push({
    reminder_id: idAt(at),
    session_id: "SECRET",
    device_id: "device-a",
    text: "SECRET",
    due_at: at,
    created_at: at,
  });
  desk.paired.push({
    device_id: "device-a",
    name: "SECRET",
    scope: "owner",
    created_at: at,
    last_seen_at: at,
    expires_at: null,
  });
  return desk;
}

const ARGS: Readonly<Record<string, string>> = {
  event: idAt(new FakeDesk().clock.now() - 60_000),
  search: "words",
  note: "a note",
  forget: idAt(new FakeDesk().clock.now() - 60_000),
  remind: "10m tea",
};

describe("what an answer may show", () => {
  test("an event whose answer goes back is acknowledged, without a word of what the gateway knows", async () => {
    const desk = new FakeDesk();
    const event = desk.event(0, { source: "whatsapp", text: "/clients" });
    const said = textOf(await eventsOf(desk, "/clients", { event, goesBack: true, ...CHANNEL }));
    expect(said).toStartWith("Received, and kept for the owner");
    expect(said).not.toContain("summary of");
  });

  test.each(COMMANDS.map(({ name }) => name))("/%s tells a chat device nothing of others", async (name) => {
    expect(await ask(deskWithSecrets(), `/${name} ${ARGS[name] ?? ""}`, CHAT)).not.toContain("SECRET");
  });

  test.each(["words", "what words are there", "help", "status", "who are you", "what happened"])(
    "%p tells a chat device nothing of others",
    async (text) => {
      expect(await ask(deskWithSecrets(), text, CHAT)).not.toContain("SECRET");
    },
  );

  test("a chat device cannot remove what others keep", async () => {
    const desk = deskWithSecrets();
    await ask(desk, `/forget ${ARGS["forget"]}`, CHAT);
    expect([desk.kept.length, desk.waiting.length]).toEqual([1, 1]);
  });

  test.each(COMMANDS.filter(({ reach }) => reach === "owner").map(({ name }) => name))(
    "/%s is refused to a chat device by name",
    async (name) => {
      const answer = await ask(deskWithSecrets(), `/${name} ${ARGS[name] ?? ""}`, CHAT);
      expect(answer).toStartWith(`\`/${name}\` is for devices with the scope “owner”.`);
    },
  );

  test.each(COMMANDS.map(({ name }) => name))("/%s does not exist for a channel", async (name) => {
    const desk = deskWithSecrets();
    const events = await eventsOf(desk, `/${name} ${ARGS[name] ?? ""}`, CHANNEL);
    expect(textOf(events)).toStartWith("I am the built-in operator of this gateway, not a language model.");
    expect(events.some(({ type }) => type === "tool")).toBe(false);
    expect([desk.kept.length, desk.waiting.length]).toEqual([1, 1]);
  });

  test("chat without a device sees what a channel sees", async () => {
    const answer = await ask(deskWithSecrets(), "/notes", { reach: "chat", device_id: null });
    expect(answer).toBe(await ask(deskWithSecrets(), "/notes", CHANNEL));
  });

  test("an owner sees all of it", async () => {
    const desk = deskWithSecrets();
    for (const text of ["/events", "/clients", "/notes", "/reminders", "/digest", "words", `/event ${ARGS["event"]}`]) {
      expect(await ask(desk, text)).toContain("SECRET");
    }
  });
});

describe("turns that nobody typed", () => {
  test.each(["owner", "chat", "channel"] as const)(
    "an event is answered with its summary alone at reach %s",
    async (reach) => {
      const desk = new FakeDesk();
      const event = desk.event(0, { source: "github", text: "/clients" });
      const said = await eventsOf(desk, "/clients", { event, reach });
      expect(said).toEqual([{ type: "delta", content: "summary of github" }, { type: "done" }]);
    },
  );

  test("a reminder says its text and is no command", async () => {
    const desk = deskWithSecrets();
    expect(await ask(desk, "/clients", { origin: "reminder", device_id: null })).toBe("Reminder: /clients");
  });
});

describe("how an answer is streamed", () => {
  test("in several deltas and one `done` at the end", async () => {
    const events = await eventsOf(new FakeDesk(), "/help");
    expect(events.filter(({ type }) => type === "delta").length).toBeGreaterThan(10);
    expect(events.map(({ type }) => type).indexOf("done")).toBe(events.length - 1);
  });

  test("what looks into the store is shown as a tool, around the work", async () => {
    const events = await eventsOf(new FakeDesk(), "/notes 5");
    const call = { type: "tool", call_id: `${idAt(new FakeDesk().clock.now(), 0xabc)}:1`, name: "notes" } as const;
    expect(events.slice(0, 2)).toEqual([
      { ...call, state: "running", input: { args: "5" } },
      { ...call, state: "done" },
    ]);
    const search = await eventsOf(new FakeDesk(), "deploy");
    expect(search[0]).toMatchObject({ type: "tool", name: "search", input: { args: "deploy" } });
  });

  test("a signal that has aborted stops it before anything is kept", async () => {
    const desk = new FakeDesk();
    const reason = new Error("cancelled");
    const first = operatorOf(desk).run(turnOf(desk, "/note x"), AbortSignal.abort(reason)).next();
    expect(await first.catch((error) => error)).toBe(reason);
    expect(desk.kept).toEqual([]);
  });

  test("a signal that aborts in the middle stops it at the next piece, without `done`", async () => {
    const desk = new FakeDesk();
    const abort = new AbortController();
    const reason = new Error("cancelled");
    const types: string[] = [];
    const talk = async () => {
      for await (const { type } of operatorOf(desk).run(turnOf(desk, "/help"), abort.signal)) {
        types.push(type);
        if (types.length === 3) abort.abort(reason);
      }
    };
    expect(await talk().catch((error) => error)).toBe(reason);
    expect(types).toEqual(["delta", "delta", "delta"]);
  });

  test("a long answer lets the event loop turn", async () => {
    const desk = new FakeDesk();
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const seen: boolean[] = [];
    for await (const event of operatorOf(desk).run(turnOf(desk, "/help"), new AbortController().signal)) {
      if (event.type === "delta") seen.push(turned);
    }
    expect([seen[0], seen.at(-1)]).toEqual([false, true]);
  });

  test("the same stores and clock give the same events", async () => {
    for (const { name } of COMMANDS) {
      const text = `/${name} ${ARGS[name] ?? ""}`;
      expect(await eventsOf(deskWithSecrets(), text)).toEqual(await eventsOf(deskWithSecrets(), text));
    }
  });

  test("any text at any reach ends with `done`", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.string().map((rest) => `/remind ${rest}`),
    );
    const name = fc.constantFrom(...COMMANDS.map((command) => command.name));
    const typed = fc.tuple(name, text).map(([command, rest]) => `/${command} ${rest}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, typed), fc.constantFrom("owner", "chat", "channel"), async (said, reach) => {
        const events = await eventsOf(deskWithSecrets(), said, { reach });
        expect(events.at(-1)).toEqual({ type: "done" });
        expect(textOf(events)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|^$/);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what goes wrong", () => {
  test("a store that is unavailable is an AgentError that may be tried again, after a failed tool", async () => {
    const desk = new FakeDesk();
    desk.fault = new StoreUnavailable("disk full");
    const events: unknown[] = [];
    const talk = async () => {
      for await (const event of operatorOf(desk).run(turnOf(desk, "/note x"), new AbortController().signal))
        events.push(event);
    };
    const error = await talk().catch((reason) => reason);
    expect(error).toBeInstanceOf(AgentError);
    expect(error.permanent).toBe(false);
    expect(events.at(-1)).toMatchObject({ type: "tool", state: "failed" });
  });

  test("any other error goes up as it is, for the log", async () => {
    const desk = new FakeDesk();
    desk.fault = new Error("a bug");
    expect(await ask(desk, "/notes").catch((error) => error)).toBe(desk.fault);
  });

  test.each([
    ["/hlep", "Did you mean `/help [command]`?"],
    ["/rem", "Did you mean `/remind <when> <text>`?"],
    ["/Stats", "Did you mean `/status`?"],
    ["/", "There is no command “/”. `/help`"],
    ["/etc/passwd", "There is no command “/etc/passwd”. `/help`"],
    ["/**x**", "There is no command “/\\*\\*x\\*\\*”."],
  ])("%s is answered with what it might have been", async (text, expected) => {
    expect(await ask(new FakeDesk(), text)).toContain(expected);
  });

  test("a chat device is not told of commands that it may not use", async () => {
    expect(await ask(new FakeDesk(), "/client", CHAT)).toBe("There is no command “/client”. `/help` lists them all.");
  });

  test("a zone that is none is refused when the operator is made", () => {
    expect(() => operatorOf(new FakeDesk(), "Moon/Crater")).toThrow(RangeError);
    expect(new Operator({ desk: new FakeDesk(), summarize: () => "", kinds: KINDS }).kind).toBe("operator");
  });
});
