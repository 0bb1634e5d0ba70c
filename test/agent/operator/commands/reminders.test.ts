import { describe, expect, test } from "bun:test";
import { FakeDesk, idAt } from "../support/desk.ts";
import { ask, CHAT, operatorOf, textOf, turnOf } from "../support/talk.ts";

const NOW = new FakeDesk().clock.now();
const RUN = idAt(NOW, 0xabc);

describe("/remind", () => {
  test("sets a reminder for this session and device", async () => {
    const desk = new FakeDesk();
    expect(await ask(desk, "/remind tomorrow 9:00 stand-up", CHAT)).toBe(
      `I will remind you in 21h, at 2026-11-23 09:00 UTC. \`/forget ${RUN.slice(0, 13)}\` takes it back.`,
    );
    expect(desk.waiting).toEqual([
      {
        reminder_id: RUN,
        session_id: "device:a",
        device_id: "device-b",
        text: "stand-up",
        due_at: Date.parse("2026-11-23T09:00:00Z"),
        created_at: NOW,
      },
    ]);
  });

  test("reads clock times in the operator's zone", async () => {
    const desk = new FakeDesk();
    const said = [];
    const turn = turnOf(desk, "/remind at 17:30 go home");
    for await (const event of operatorOf(desk, "Europe/Berlin").run(turn, new AbortController().signal))
      said.push(event);
    expect(textOf(said)).toStartWith("I will remind you in 4h 30m, at 2026-11-22 17:30 Europe/Berlin.");
  });

  test("sets it once, for the first time, when its run begins again after a crash", async () => {
    const desk = new FakeDesk();
    await ask(desk, "/remind 10m tea");
    desk.clock.advance(60_000);
    const about = { attempt: 2, run_id: RUN };
    expect(await ask(desk, "/remind 10m tea", about)).toStartWith("I will remind you in 9m, at 2026-11-22 12:10 UTC.");
    expect(desk.waiting).toHaveLength(1);
  });

  test.each([
    ["", "I read no time there."],
    ["tea in 10m", "I read no time there."],
    ["10m", "What should I remind you of?"],
    ["10m \u202e", "What should I remind you of?"],
    ["today 9:00 tea", "That time is over already."],
    ["2099-01-01 tea", "That is more than ten years away."],
    [`10m ${"x".repeat(4_097)}`, "A reminder holds at most 4,096 characters."],
  ])("sets nothing for %p", async (args, expected) => {
    const desk = new FakeDesk();
    expect(await ask(desk, `/remind ${args}`)).toStartWith(expected);
    expect(desk.waiting).toEqual([]);
  });

  test("lets one device have 200 waiting, whatever others have", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 200; i += 1) await ask(desk, "/remind 10m tea", { ...CHAT, run_id: idAt(NOW, i) });
    expect(await ask(desk, "/remind 10m tea", CHAT)).toStartWith("200 reminders of this device are waiting already.");
    expect(await ask(desk, "/remind 10m tea")).toStartWith("I will remind you");
    expect(desk.waiting).toHaveLength(201);
  });
});

describe("/reminders", () => {
  test("lists what is waiting, soonest first", async () => {
    const desk = new FakeDesk();
    await ask(desk, "/remind 2h *b*", { run_id: idAt(NOW, 1) });
    await ask(desk, "/remind 1h a", { run_id: idAt(NOW, 2), ...CHAT });
    const [b, a] = [idAt(NOW, 1).slice(0, 18), idAt(NOW, 2).slice(0, 18)];
    expect(await ask(desk, "/reminders")).toBe(
      [
        `- \`${a}\`, in 1h, at 2026-11-22 13:00 UTC: a`,
        `- \`${b}\`, in 2h, at 2026-11-22 14:00 UTC: \\*b\\*`,
        "",
        "`/forget <id>` removes one.",
      ].join("\n"),
    );
    expect((await ask(desk, "/reminders", CHAT)).match(/^- /gm)).toHaveLength(1);
  });

  test("says so when there are none", async () => {
    expect(await ask(new FakeDesk(), "/reminders")).toStartWith("No reminder is waiting.");
  });
});
