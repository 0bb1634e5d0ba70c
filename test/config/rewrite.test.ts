import { describe, expect, test } from "bun:test";
import { chmod, chown, mkdir, readdir, readFile, readlink, rename, stat, symlink } from "node:fs/promises";
import { ConfigNotWritten, ConfigReadOnly } from "../../src/config/config-error.ts";
import { type Disk, systemDisk } from "../../src/config/disk.ts";
import { rewriteFile } from "../../src/config/rewrite.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

async function rewrite(
  change: (text: string) => string | Promise<string>,
  disk: Partial<Disk> = {},
  path = folder.file(),
) {
  await rewriteFile(path, change, { clock: systemClock, disk: { ...systemDisk, ...disk } });
}

/** Only the file itself can be written: nothing can be put in its place. */
const NOT_REPLACEABLE: readonly [string, Partial<Disk>][] = [
  ["is a mount point (EBUSY)", { rename: failing("EBUSY") }],
  ["is on another device than its folder (EXDEV)", { rename: failing("EXDEV") }],
  [
    "is in a folder that cannot be written (EACCES)",
    { create: (path) => (path.endsWith(".config.toml.new") ? failing("EACCES")() : systemDisk.create(path)) },
  ],
];

describe("rewriteFile", () => {
  test("puts a whole new file in the place of the old one, mode 0600", async () => {
    await Bun.write(folder.file(), "old");
    await chmod(folder.file(), 0o644);
    const before = await stat(folder.file());
    await rewrite((text) => `${text} and new`);
    const after = await stat(folder.file());

    expect(await Bun.file(folder.file()).text()).toBe("old and new");
    expect(after.mode & 0o777).toBe(0o600);
    expect(after.ino).not.toBe(before.ino);
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("clears away what a process that was killed has left", async () => {
    await Bun.write(folder.file(), "old");
    await Bun.write(folder.file(".config.toml.new"), "half of");
    await rewrite(() => "new");

    expect(await Bun.file(folder.file()).text()).toBe("new");
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("writes nothing when nothing changes", async () => {
    await Bun.write(folder.file(), "old");
    const before = await stat(folder.file());
    await rewrite((text) => text);

    expect((await stat(folder.file())).ino).toBe(before.ino);
  });

  test("keeps a byte order mark, and text that only begins like one", async () => {
    for (const text of ["\ufeffold", "\uffefold"]) {
      await Bun.write(folder.file(), text);
      await rewrite((old) => `${old}!`);

      expect(await readFile(folder.file())).toEqual(Buffer.from(`${text}!`));
    }
  });

  test("changes the file that a symbolic link points to, and keeps the link", async () => {
    await mkdir(folder.file("dotfiles"));
    await Bun.write(folder.file("dotfiles/zeroclaw.toml"), "old");
    await symlink("dotfiles/zeroclaw.toml", folder.file());
    await rewrite(() => "new");

    expect(await readlink(folder.file())).toBe("dotfiles/zeroclaw.toml");
    expect(await Bun.file(folder.file("dotfiles/zeroclaw.toml")).text()).toBe("new");
    expect(await readdir(folder.file("dotfiles"))).toEqual(["zeroclaw.toml"]);
  });

  test("leaves the file to whom it belongs", async () => {
    await Bun.write(folder.file(), "old");
    // Only root can give a file away; for everyone else it stays their own.
    if (process.getuid?.() === 0) await chown(folder.file(), 12_345, 12_345);
    const { uid, gid } = await stat(folder.file());
    await rewrite(() => "new");

    expect(await stat(folder.file())).toMatchObject({ uid, gid });
  });

  test.each([
    ["saved over", (path: string): Promise<unknown> => Bun.write(path, "theirs")],
    [
      "replaced",
      async (path: string): Promise<unknown> => {
        await Bun.write(`${path}~`, "theirs");
        return rename(`${path}~`, path);
      },
    ],
  ] as const)("starts again from an edit that was %s meanwhile", async (_how, save) => {
    await Bun.write(folder.file(), "old");
    const seen: string[] = [];
    await rewrite(async (text) => {
      seen.push(text);
      if (seen.length === 1) await save(folder.file());
      return `${text} and ours`;
    });

    expect(seen).toEqual(["old", "theirs"]);
    expect(await Bun.file(folder.file()).text()).toBe("theirs and ours");
  });

  test("gives up on a file that never stays as it is", async () => {
    await Bun.write(folder.file(), "0");
    let saves = 0;
    const change = async (): Promise<string> => {
      saves += 1;
      await Bun.write(folder.file(), String(saves));
      return "ours";
    };

    await expect(rewrite(change)).rejects.toThrow("it is changed all the time by someone else");
    expect(await Bun.file(folder.file()).text()).toBe(String(saves));
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("leaves everything as it was when the change fails", async () => {
    await Bun.write(folder.file(), "old");

    await expect(rewrite(failing("no"))).rejects.toThrow("no");
    expect(await Bun.file(folder.file()).text()).toBe("old");
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("makes changes at once into one after the other", async () => {
    await Bun.write(folder.file(), "");
    await Promise.all(["a", "b", "c", "d"].map((letter) => rewrite((text) => text + letter)));

    expect([...(await Bun.file(folder.file()).text())].toSorted().join("")).toBe("abcd");
  });

  test("refuses a file that is no text", async () => {
    await Bun.write(folder.file(), Uint8Array.of(0xff));

    await expect(rewrite(() => "new")).rejects.toThrow("it is not UTF-8 text");
  });
});

describe.each(NOT_REPLACEABLE)("rewriteFile of a file that %s", (_what, disk) => {
  test("writes into the file itself, longer or shorter, and leaves no backup", async () => {
    await Bun.write(folder.file(), "old");
    const { ino } = await stat(folder.file());
    for (const text of ["a longer text", "short", ""]) {
      await rewrite(() => text, disk);

      expect(await Bun.file(folder.file()).text()).toBe(text);
      expect((await stat(folder.file())).ino).toBe(ino);
      expect(await readdir(folder.path)).toEqual(["config.toml"]);
    }
    expect((await stat(folder.file())).mode & 0o777).toBe(0o600);
  });

  test("has the old text in a backup while it writes, mode 0600", async () => {
    await Bun.write(folder.file(), "old");
    const seen: unknown[] = [];
    const openInPlace: Disk["openInPlace"] = async (path) => {
      const file = await systemDisk.openInPlace(path);
      const write = file.write.bind(file);
      const looking = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
        const backup = folder.file("config.toml.bak");
        seen.push(await Bun.file(backup).text(), (await stat(backup)).mode & 0o777, await Bun.file(path).text());
        return write(bytes, offset, length, position);
      };
      return Object.assign(file, { write: looking });
    };
    await rewrite(() => "new", { ...disk, openInPlace });

    expect(seen).toEqual(["old", 0o600, "old"]);
  });

  test("puts the old text back when the disk is full", async () => {
    await Bun.write(folder.file(), "old text");
    const openInPlace: Disk["openInPlace"] = async (path) => {
      const file = await systemDisk.openInPlace(path);
      const write = file.write.bind(file);
      let calls = 0;
      const half = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
        calls += 1;
        if (calls === 2) return failing("ENOSPC")();
        return write(bytes, offset, calls === 1 ? 3 : length, position);
      };
      return Object.assign(file, { write: half });
    };

    await expect(rewrite(() => "a text that does not fit", { ...disk, openInPlace })).rejects.toThrow(
      /no room on its disk \(ENOSPC\)\. The file is as it was\. Make room/,
    );
    expect(await Bun.file(folder.file()).text()).toBe("old text");
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("leaves the backup when not even that can be done", async () => {
    await Bun.write(folder.file(), "old text");
    const openInPlace: Disk["openInPlace"] = async (path) => {
      return Object.assign(await systemDisk.openInPlace(path), { write: failing("EIO") });
    };

    await expect(rewrite(() => "new text", { ...disk, openInPlace })).rejects.toThrow(
      `the system refused it (EIO). Its old text could not be put back: copy "${folder.file("config.toml.bak")}" over it`,
    );
    expect(await Bun.file(folder.file("config.toml.bak")).text()).toBe("old text");
  });

  test("starts again from an edit that was saved meanwhile", async () => {
    await Bun.write(folder.file(), "old");
    let calls = 0;
    const change = async (text: string) => {
      calls += 1;
      if (calls === 1) await Bun.write(folder.file(), "theirs");
      return `${text} and ours`;
    };
    await rewrite(change, disk);

    expect(await Bun.file(folder.file()).text()).toBe("theirs and ours");
  });
});

describe("rewriteFile on a disk that is full", () => {
  test.each(["ENOSPC", "EDQUOT"])(
    "says what it was doing, that the file is as it was, and what to do: %s",
    async (code) => {
      await Bun.write(folder.file(), "old");
      const error: unknown = await rewrite(() => "new", { create: failing(code) }).catch((each: unknown) => each);

      expect(error).toBeInstanceOf(ConfigNotWritten);
      expect(error).toMatchObject({
        message:
          `Cannot change "${folder.file()}": there is no room on its disk (${code}). The file is as it was. ` +
          "Make room, then do it again.",
      });
      expect(await Bun.file(folder.file()).text()).toBe("old");
      expect(await readdir(folder.path)).toEqual(["config.toml"]);
    },
  );
});

describe("rewriteFile refuses a read-only", () => {
  test.each([
    ["file", (path: string) => !path.endsWith("config.toml")],
    ["folder", (path: string) => path.endsWith("config.toml")],
  ])("%s, although replacing the file might work", async (_what, canWrite) => {
    await Bun.write(folder.file(), "old");

    await expect(rewrite(() => "new", { canWrite })).rejects.toBeInstanceOf(ConfigReadOnly);
    expect(await Bun.file(folder.file()).text()).toBe("old");
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });

  test("file system, when the first write tells it", async () => {
    await Bun.write(folder.file(), "old");
    const error: unknown = await rewrite(() => "new", { create: failing("EROFS") }).catch((each: unknown) => each);

    expect(error).toBeInstanceOf(ConfigReadOnly);
    expect(error).toMatchObject({ path: folder.file(), message: expect.stringContaining("(EROFS)") });
    expect(await readdir(folder.path)).toEqual(["config.toml"]);
  });
});
