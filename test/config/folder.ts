import { afterEach, beforeEach } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder for each test of the file that calls this; removed afterwards. */
export function useFolder(): { readonly path: string; file(name?: string): string } {
  let path = "";
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "zeroclaw-config-"));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    file: (name = "config.toml") => join(path, name),
  };
}
