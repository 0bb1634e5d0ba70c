import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseArguments } from "../../src/cli/args.ts";
import { chat } from "../../src/cli/chat.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { type LocalGateway, localGateway, ManualEvents, MemoryOutput, surroundings } from "../support/cli.ts";
import { ManualClock } from "../support/clock.ts";
import { Door } from "../support/services.ts";
import { FakeScreen } from "./fake-screen.ts";

/** Wide enough for the asides, which the terminal itself would wrap. */
const COLUMNS = 300;

/** A real gateway without a port, on the Unix socket of its folder. */
class Scene {
  door!: Door;
  gateway!: LocalGateway;

  async open(dir?: string): Promise<void> {
    const agent = new ScriptedAgent(null);
    this.door = await Door.open(dir === undefined ? { agent } : { dir, agent });
    this.gateway = localGateway(
      this.door.dir,
      async (request) => (await this.door.handleLocal(request)) ?? new Response(null, { status: 500 }),
    );
  }

  /** The turn that the agent is given as number `count`. */
  async turn(count: number) {
    await this.door.until(`${count} turns`, () => this.door.agent.turns.length >= count, 0);
    return this.door.agent.last;
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await this.door[Symbol.asyncDispose]();
  }

  /** Ends as by a crash: nothing is handed back, and what was under way begins again at the next start. */
  async restart(): Promise<void> {
    await this.gateway.stop();
    await this.door.stop();
  }
}

let scene: Scene;
beforeEach(async () => {
  scene = new Scene();
  await scene.open();
});
afterEach(() => scene.close());

/** Everything on one screen, as a person sees it. */
class Seen extends MemoryOutput {
  readonly screen: FakeScreen;

  constructor(screen: FakeScreen) {
    super(true, COLUMNS);
    this.screen = screen;
  }

  override write(text: string): boolean {
    this.screen.write(text);
    return super.write(text);
  }
}

interface PersonOptions {
  /** Every key is handed over, and lines are edited by us. */
  readonly raw?: boolean;
  readonly args?: readonly string[];
  readonly clock?: ManualClock;
}

/** Somebody at a terminal who talks to the scene's gateway. */
function person({ raw = false, args = [], clock = new ManualClock() }: PersonOptions = {}) {
  const screen = new FakeScreen(COLUMNS);
  const [out, err] = [new Seen(screen), new Seen(screen)];
  const events = new ManualEvents();
  let keyboard!: ReadableStreamDefaultController<Uint8Array>;
  const stdin = new ReadableStream<Uint8Array>({
    start(controller) {
      keyboard = controller;
    },
  });
  const env: Record<string, string> = raw ? { TERM: "xterm" } : {};
  const options = { terminal: true, dir: scene.door.dir, stdin, events, clock, env };
  const command = COMMANDS.find(({ path }) => path.join(" ") === "chat");
  if (!command) throw new Error("There is no chat");
  let rawMode = false;
  const context = { ...surroundings(options, out, err), args: parseArguments(command, args) };
  const chatting = chat(context, () => {
    rawMode = true;
    return () => {
      rawMode = false;
    };
  });
  const type = (text: string) => keyboard.enqueue(new TextEncoder().encode(text));
  return {
    out,
    err,
    events,
    screen,
    chatting,
    type,
    enter: (line: string) => type(raw ? `${line}\r` : `${line}\n`),
    leave: async () => {
      if (raw) type("\u0004");
      else keyboard.close();
      return chatting;
    },
    isRaw: () => rawMode,
  };
}

describe.each([
  ["lines that the terminal edits", false],
  ["lines of its own", true],
])("`chat` with %s", (_name, raw) => {
  test("sends what is typed while an answer is written after it, and says so", async () => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter("one");
    const first = await scene.turn(1);
    me.enter("two");
    await me.err.shows("Queued: it is sent when this answer has ended.");
    expect(scene.door.agent.turns).toHaveLength(1);
    first.say("First.");
    first.done();
    const second = await scene.turn(2);
    expect(second.turn.text).toBe("two");
    second.say("Second.");
    second.done();
    await me.out.shows("Second.\n");
    expect(await me.leave()).toBe(0);
    expect(me.isRaw()).toBe(false);
  });

  test("stops the answer for `:now`, which goes before what is queued", async () => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter("one");
    const first = await scene.turn(1);
    me.enter("two");
    await me.err.shows("Queued");
    first.say("Half an");
    await me.out.shows("Half an");
    me.enter(":now three");
    const third = await scene.turn(2);
    expect([first.signal.aborted, third.turn.text]).toEqual([true, "three"]);
    third.say("Yes.");
    third.done();
    const second = await scene.turn(3);
    expect(second.turn.text).toBe("two");
    second.say("Later.");
    second.done();
    await me.out.shows("Later.\n");
    expect(me.err.text).toContain("Stopped: your message goes first.");
    expect(me.screen.lines().filter((line) => /Half|Yes|Later/.test(line))).toEqual(["Half an", "Yes.", "Later."]);
    expect(await me.leave()).toBe(0);
  });

  test("asks what the agent asks, and tells it the answer", async () => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter("write it");
    const turn = await scene.turn(1);
    turn.say("Let me see.");
    const decided = turn.ask("Write notes\u0007.txt", ["allow", "deny"]);
    await me.out.shows("Allow it? [y]es / [n]o ");
    expect(me.err.text).toContain("The agent asks: Write notes\\u0007.txt");
    me.enter("yesterday I said"); // typed before the question came: it answers nothing
    me.enter("Yes");
    expect(await decided).toBe("allow");
    turn.done();
    expect(await me.leave()).toBe(0);
  });

  test("takes a question away that nobody answered in time", async () => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter("write it");
    const turn = await scene.turn(1);
    void turn.ask("Write notes.txt", ["allow", "deny", "always"]);
    await me.out.shows("Allow it? [y]es / [n]o / [a]lways ");
    scene.door.clock.advance(60_000);
    await me.err.shows("The answer was: deny");
    turn.say("Then not.");
    turn.done();
    await me.out.shows("Then not.\n");
    expect(await me.leave()).toBe(0);
  });

  test("shows the last exchanges of a conversation that goes on", async () => {
    const local = scene.door.local();
    for (const message of ["one", "two", "three", "four"]) {
      const asking = local.post("/api/message", { message, session_id: "work" });
      const turn = await scene.turn(["one", "two", "three", "four"].indexOf(message) + 1);
      turn.say(`Answer to ${message}\u001b[2J`);
      turn.done();
      await asking;
    }
    const me = person({ raw, args: ["-s", "work"] });
    await me.out.shows("> ");
    const lines = me.screen.lines().filter((line) => !line.startsWith("Talking"));
    expect(lines.slice(0, 7)).toEqual([
      "earlier:",
      ...["> two", "Answer to two\\u001b[2J", "> three", "Answer to three\\u001b[2J"],
      ...["> four", "Answer to four\\u001b[2J"],
    ]);
    expect(await me.leave()).toBe(0);
  });

  test("lists conversations and goes on in another one", async () => {
    const local = scene.door.local();
    const asking = local.post("/api/message", { message: "Plan the trip", session_id: "trip" });
    (await scene.turn(1)).done();
    await asking;
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter(":sessions");
    await me.out.shows("trip");
    expect(me.out.text).toContain("Plan the trip");
    me.enter(":session trip");
    await me.err.shows('In the conversation "trip".');
    me.enter("go on");
    const turn = await scene.turn(2);
    expect(turn.turn.session_id).toBe("trip");
    turn.done();
    expect(await me.leave()).toBe(0);
  });

  test.each([
    [":help", /:now <text>/],
    [":nonsense", /There is no ":nonsense"/],
    [":now", /There is nothing to send/],
    [":session a/b", /"a\/b" is not a session's name/],
    [":session", /This is the conversation "device:local"/],
  ])("answers %j itself", async (line, expected) => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter(line);
    await scene.door.until("an answer", () => expected.test(me.err.text), 0);
    expect(await me.leave()).toBe(0);
    expect(scene.door.agent.turns).toEqual([]);
  });

  test.each([
    [":)", ":)"],
    ["::help", ":help"],
    ["/help", "/help"],
    [raw ? "one\\\rtwo" : "one\\\ntwo", "one\ntwo"],
  ])("sends %j as the message %j", async (line, expected) => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter(line);
    const turn = await scene.turn(1);
    expect(turn.turn.text).toBe(expected);
    turn.done();
    expect(await me.leave()).toBe(0);
  });

  test("leaves at once with `:quit`, and the answer goes on in the gateway", async () => {
    const me = person({ raw });
    await me.out.shows("> ");
    me.enter("one");
    const turn = await scene.turn(1);
    me.enter(":quit");
    expect(await me.chatting).toBe(0);
    expect([turn.signal.aborted, me.isRaw()]).toEqual([false, false]);
    turn.done();
  });

  test("goes on with an answer over a restart of the gateway, which begins it again", async () => {
    const clock = new ManualClock();
    const me = person({ raw, clock });
    await me.out.shows("> ");
    me.enter("one");
    const before = await scene.turn(1);
    before.say("Half an");
    await me.out.shows("Half an");
    const { dir } = scene.door;
    await scene.restart();
    await me.err.shows("waiting for it to come back");
    const old = scene.door;
    await scene.open(dir);
    const again = await scene.turn(1);
    again.say("Whole");
    clock.advance(200);
    await me.out.shows("Whole");
    again.say(" answer");
    again.done();
    await me.out.shows("Whole answer\n");
    expect(me.err.text).toContain("the answer begins again:");
    expect(await me.leave()).toBe(0);
    await scene.door.stop();
    await old[Symbol.asyncDispose]();
  });

  test("asks again after a restart of the gateway, and the answer is to the new question", async () => {
    const clock = new ManualClock();
    const me = person({ raw, clock });
    await me.out.shows("> ");
    me.enter("one");
    const before = await scene.turn(1);
    void before.ask("Write notes.txt", ["allow", "deny"]);
    await me.out.shows("Allow it? [y]es / [n]o ");
    const { dir } = scene.door;
    await scene.restart();
    await me.err.shows("waiting for it to come back");
    const old = scene.door;
    await scene.open(dir);
    const again = await scene.turn(1);
    const decided = again.ask("Write notes.txt", ["allow", "deny"]);
    clock.advance(200);
    await scene.door.until("the question is shown again", () => me.err.text.split("The agent asks:").length === 3, 0);
    me.enter("y");
    expect(await decided).toBe("allow");
    expect(me.err.text).not.toContain("Cannot answer");
    again.say("Written.");
    again.done();
    await me.out.shows("Written.\n");
    expect(await me.leave()).toBe(0);
    await scene.door.stop();
    await old[Symbol.asyncDispose]();
  });
});

describe("`chat` with lines of its own", () => {
  test("keeps what is typed below the answer's lines, and shows it again at the prompt", async () => {
    const me = person({ raw: true });
    await me.out.shows("> ");
    me.enter("one");
    const turn = await scene.turn(1);
    turn.say("first line\n");
    await me.out.shows("first line\n");
    me.type("dra");
    await quiet();
    expect(me.screen.lines().slice(1)).toEqual(["> one", "first line", "> dra"]);
    turn.say("sec");
    await me.out.shows("sec");
    await quiet();
    expect(me.screen.lines().slice(1)).toEqual(["> one", "first line", "sec"]);
    me.type("ft");
    turn.say("ond\n");
    await me.out.shows("ond\n");
    await quiet();
    expect(me.screen.lines().slice(1)).toEqual(["> one", "first line", "second", "> draft"]);
    turn.done();
    await scene.door.until("the prompt", () => me.screen.lines().at(-1) === "> draft", 0);
    me.type("\u0015"); // Ctrl+D leaves only an empty line
    expect(await me.leave()).toBe(0);
  });

  test("goes up to what was said in this conversation before", async () => {
    const asking = scene.door.local().post("/api/message", { message: "said earlier", session_id: "work" });
    (await scene.turn(1)).done();
    await asking;
    const me = person({ raw: true, args: ["-s", "work"] });
    await me.out.shows("> ");
    await quiet();
    me.type("\u001b[A\r");
    const turn = await scene.turn(2);
    expect(turn.turn.text).toBe("said earlier");
    turn.done();
    expect(await me.leave()).toBe(0);
  });

  test("takes a paste of several lines as one message", async () => {
    const me = person({ raw: true });
    await me.out.shows("> ");
    me.type("\u001b[200~one\ntwo\u001b[201~\r");
    const turn = await scene.turn(1);
    expect(turn.turn.text).toBe("one\ntwo");
    turn.done();
    expect(await me.leave()).toBe(0);
  });

  test("cancels the answer with Ctrl+C, and leaves with the second one", async () => {
    const me = person({ raw: true });
    await me.out.shows("> ");
    me.enter("one");
    const turn = await scene.turn(1);
    me.type("\u0003");
    await me.err.shows("Cancelled.");
    expect(turn.signal.aborted).toBe(true);
    me.type("\u0003");
    expect(await me.chatting).toBe(130);
    expect(me.isRaw()).toBe(false);
  });

  test("gives the terminal back when it is told to end", async () => {
    const me = person({ raw: true });
    await me.out.shows("> ");
    expect(me.isRaw()).toBe(true);
    me.events.signal("SIGTERM");
    expect(await me.chatting).toBe(1);
    expect([me.isRaw(), me.events.listeners("SIGTERM")]).toEqual([false, 0]);
    expect(me.out.text.endsWith("\u001b[?2004l")).toBe(true);
  });
});
