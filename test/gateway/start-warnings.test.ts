import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { startWarnings } from "../../src/gateway/start-warnings.ts";

async function loaded(config: string, other: Partial<LoadedConfig> = {}): Promise<LoadedConfig> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-warnings-"));
  try {
    await writeFile(join(dir, "config.toml"), config);
    return { ...(await loadConfig({ dir, env: { HOME: dir } })), ...other };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

describe("startWarnings", () => {
  test.each(["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LocalHost"])("are none for %s", async (host) => {
    expect(startWarnings(await loaded(`[gateway]\nhost = "${host}"\n`), null)).toEqual([]);
  });

  test.each(["0.0.0.0", "::", "192.168.1.100", "gateway.lan"])(
    "say for %s what is exposed and what to do",
    async (host) => {
      const [warning = "", ...more] = startWarnings(await loaded(`[gateway]\nhost = "${host}"\n`), null);
      expect(more).toEqual([]);
      expect(warning).toStartWith(`Listening on ${host}: everyone who can reach this machine`);
      expect(warning).toContain("reverse proxy with TLS");
    },
  );

  test("say that pairing will not work while the file cannot be written", async () => {
    const [warning] = startWarnings(await loaded("", { readOnly: true }), null);
    expect(warning).toContain("config_read_only");
  });

  test("name each channel that is off with the reason, and no other", async () => {
    const config =
      '[channels.github]\nsecret = "env:GITHUB_SECRET"\n[channels.builds]\nscheme = "bearer"\nsecret = "planted"\n';
    const warnings = startWarnings(await loaded(config), null);
    expect(warnings[0]).toContain('The channel "github" is off');
    expect(warnings[0]).toContain("GITHUB_SECRET");
    expect(warnings).toHaveLength(1);
  });

  test("say which commands go without the socket, and what helps", async () => {
    const [warning] = startWarnings(await loaded(""), "its path is too long");
    expect(warning).toContain("its path is too long");
    expect(warning).toContain("get-paircode");
    expect(warning).toContain("ZEROCLAW_CONFIG_DIR");
  });
});
