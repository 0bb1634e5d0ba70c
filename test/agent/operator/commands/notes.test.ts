import { describe, expect, test } from "bun:test";
import { FakeDesk, idAt } from "../support/desk.ts";
import { ask, CHAT } from "../support/talk.ts";

const NOW = new FakeDesk().clock.now();
const RUN = idAt(NOW, 0xabc);

function deskWith(...notes: readonly [device_id: string, text: string][]): FakeDesk {
  const desk = new FakeDesk();
  for (const [i, [device_id, text]] of notes.entries()) {
    const created_at = NOW - (i + 1) * 60_000;
    desk.kept.push({ note_id: idAt(created_at), device_id, text, created_at });
  }
  return desk;
}

describe("/note", () => {
  test("keeps the text for the device that asked", async () => {
    const desk = new FakeDesk();
    expect(await ask(desk, "/note the key\n  is *blue*", CHAT)).toStartWith(`Noted as \`${RUN.slice(0, 13)}\`.`);
    expect(desk.kept).toEqual([{ note_id: RUN, device_id: "device-b", text: "the key\n  is *blue*", created_at: NOW }]);
  });

  test("keeps it once when its run begins again after a crash", async () => {
    const desk = new FakeDesk();
    const first = await ask(desk, "/note x");
    expect(await ask(desk, "/note x", { attempt: 2 })).toBe(first);
    expect(desk.kept).toHaveLength(1);
    const other = new FakeDesk();
    await ask(other, "/note x", { attempt: 2 });
    expect(other.kept).toHaveLength(1);
  });

  test.each([
    ["", "Write the note after the command"],
    ["\u202e \u0007", "Write the note after the command"],
    ["x".repeat(16_385), "A note holds at most 16,384 characters, and this one has 16,385. Nothing was noted."],
  ])("keeps nothing of a note that is empty or too long", async (text, expected) => {
    const desk = new FakeDesk();
    expect(await ask(desk, `/note ${text}`)).toStartWith(expected);
    expect(desk.kept).toEqual([]);
  });
});

describe("/notes", () => {
  test("lists the latest as one line each", async () => {
    const desk = deskWith(["device-a", "two\nlines"], ["device-b", "[link](http://x)"]);
    const [a, b] = desk.kept.map(({ note_id }) => note_id.slice(0, 13));
    expect(await ask(desk, "/notes")).toBe(
      `- \`${a}\`, 1m ago: two lines\n- \`${b}\`, 2m ago: \\[link](http://x)\n\n\`/forget <id>\` removes one.`,
    );
    expect(await ask(desk, "/notes", CHAT)).toStartWith(`- \`${b}\`, 2m ago: \\[link](http://x)\n\n`);
  });

  test("lists as many as were asked for", async () => {
    const desk = deskWith(...Array.from({ length: 30 }, (): [string, string] => ["device-a", "x"]));
    expect((await ask(desk, "/notes")).match(/^- /gm)).toHaveLength(20);
    expect((await ask(desk, "/notes 3")).match(/^- /gm)).toHaveLength(3);
    expect(await ask(desk, "/notes 3")).toEndWith("There may be more: `/notes 100`.");
    expect((await ask(desk, "/notes 999999999")).match(/^- /gm)).toHaveLength(30);
    expect(await ask(desk, "/notes many")).toStartWith("Write `/notes` or `/notes 50`");
  });

  test("says so when there are none", async () => {
    expect(await ask(new FakeDesk(), "/notes")).toBe("Nothing is noted. `/note <text>` remembers something.");
  });
});

describe("/forget", () => {
  test("removes the note whose id begins so, and says which", async () => {
    const desk = deskWith(["device-a", "*x*"], ["device-a", "y"]);
    const id = desk.kept[0]?.note_id ?? "";
    expect(await ask(desk, `/forget \`${id.slice(0, 13)}\``)).toBe("Removed the note “\\*x\\*”.");
    expect(desk.kept.map(({ text }) => text)).toEqual(["y"]);
    expect(await ask(desk, `/forget ${id}`)).toStartWith("No note or reminder of yours has an id beginning with");
  });

  test("removes a reminder", async () => {
    const desk = new FakeDesk();
    await ask(desk, "/remind 10m tea");
    expect(await ask(desk, `/forget ${RUN}`)).toBe("Removed the reminder “tea”.");
    expect(desk.waiting).toEqual([]);
  });

  test("removes nothing when several ids begin so", async () => {
    const desk = deskWith(["device-a", "x"], ["device-a", "y"]);
    const id = desk.kept[0]?.note_id ?? "";
    expect(await ask(desk, `/forget ${id.slice(0, 4)}`)).toEndWith("Nothing was removed.");
    expect(desk.kept).toHaveLength(2);
  });

  test.each(["", "abc", "*", "%", "zzzz", "0".repeat(37)])("refuses %p", async (args) => {
    expect(await ask(deskWith(["device-a", "x"]), `/forget ${args}`)).toStartWith("Write the id of a note or reminder");
  });
});
