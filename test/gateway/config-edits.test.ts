import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../../src/lib/hash.ts";
import { Door, type DoorClient, UNLIMITED } from "../support/services.ts";

const hashOf = (client: DoorClient) => sha256Hex(client.token ?? "");

/** Writes config.toml as a person does, with these tokens. */
async function edit(door: Door, tokens: readonly string[]): Promise<void> {
  const list = tokens.map((token) => `"${token}"`).join(", ");
  await writeFile(join(door.dir, "config.toml"), `# by hand\n[gateway]\npaired_tokens = [${list}]\n${UNLIMITED}`);
}

describe("an edit of gateway.paired_tokens by hand", () => {
  test("that takes a hash out ends that device within a second, and its streams, and nobody else", async () => {
    await using door = await Door.open();
    const [kept, ended] = [await door.paired(), await door.paired()];
    const [stays, ends] = [await kept.follow("GET", "/api/stream"), await ended.follow("GET", "/api/stream")];
    const began = door.clock.monotonic();
    await edit(door, [hashOf(kept)]);
    await door.until("the device is refused", async () => (await ended.get("/api/status")).status === 401);
    expect(door.clock.monotonic() - began).toBeLessThanOrEqual(1_000);
    expect(await ends.rest()).toEqual([]);
    expect((await kept.get("/api/devices")).rows("devices")).toHaveLength(1);
    expect((await stays.next())?.type).toBe("device");
    await stays.leave();
  });

  test("that adds a token in plain text makes its device, and puts the hash in its place", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const token = `zc_${"ab".repeat(32)}`;
    await edit(door, [hashOf(owner), token]);
    const added = door.client(token);
    await door.until("the token is good", async () => (await added.get("/api/devices")).status === 200);
    await door.until("the file has its hash", async () => {
      const text = await Bun.file(join(door.dir, "config.toml")).text();
      return text.includes(sha256Hex(token)) && !text.includes(token);
    });
    expect(await Bun.file(join(door.dir, "config.toml")).text()).toContain("# by hand");
    expect(door.lines.join("")).not.toContain(token);
  });

  test.each([
    ["is broken", "[gateway\npaired_tokens = ["],
    ["is empty", ""],
    ["lists what is no token", '[gateway]\npaired_tokens = ["nonsense"]\n'],
  ])("that %s ends nobody, and the log says so once", async (_how, text) => {
    await using door = await Door.open();
    const owner = await door.paired();
    await writeFile(join(door.dir, "config.toml"), text);
    const warned = () => door.lines.filter((line) => line.includes("Cannot follow config.toml"));
    await door.until("it is noticed", () => warned().length > 0);
    for (let step = 0; step < 20; step += 1) await door.settle();
    door.clock.advance(5_000);
    expect((await owner.get("/api/devices")).status).toBe(200);
    expect(warned()).toHaveLength(1);
    await edit(door, [hashOf(owner)]);
    expect((await owner.get("/api/devices")).status).toBe(200);
  });
});
