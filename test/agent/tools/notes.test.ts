import { expect, test } from "bun:test";
import { CHAT, call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

test("add_note keeps a note in the device's name, without what nobody can see", async () => {
  const desk = new FakeToolDesk();
  const { note_id } = await call(desk, CHAT, "add_note", { text: "  the key is in the safe\u200b\u202e " });

  expect(desk.kept).toEqual([
    { note_id, device_id: "device-b", text: "the key is in the safe", created_at: desk.clock.now() },
  ]);
});

test.each(["   ", "\u200b\u202e"])("add_note refuses %j, in which there is nothing to read", async (text) => {
  const desk = new FakeToolDesk();

  expect(await call(desk, OWNER, "add_note", { text })).toEqual({ failed: '"text" is empty. Nothing was noted.' });
  expect(desk.kept).toEqual([]);
});

test("add_note refuses more than 16,384 characters", async () => {
  const { failed } = await call(new FakeToolDesk(), OWNER, "add_note", { text: "x".repeat(16_385) });

  expect(failed).toStartWith('"text" must be a string of 1 to 16384 characters');
});

test("list_notes shows a chat device its own, and an owner all", async () => {
  const desk = new FakeToolDesk();
  await call(desk, OWNER, "add_note", { text: "theirs" });
  await call(desk, CHAT, "add_note", { text: "mine" });
  const texts = async (user: typeof CHAT) =>
    (await call(desk, user, "list_notes")).notes.map(({ text }: { text: string }) => text);

  expect(await texts(CHAT)).toEqual(["mine"]);
  expect(await texts(OWNER)).toEqual(["mine", "theirs"]);
});

test("list_notes shows one note however long it is, and says that there are more", async () => {
  const desk = new FakeToolDesk();
  for (let i = 0; i < 3; i += 1) await call(desk, OWNER, "add_note", { text: "€".repeat(16_000) });
  const { notes, left_out } = await call(desk, OWNER, "list_notes");

  expect(notes).toHaveLength(1);
  expect(left_out).toStartWith("2 more did not fit.");
});
