import { describe, expect, test } from "bun:test";
import { GatewayProcess } from "../support/gateway-process.ts";
import { inFolder } from "./folder.ts";

const COMMENTED = `# My gateway.
[gateway]
port = 8585   # the usual one
# paired_tokens are below
paired_tokens = []

[gateway.rate_limit]
window_seconds = 60 # a minute

# Last words.
`;

/** A file that the Rust ZeroClaw wrote for itself. */
const RUST = `default_provider = "openrouter"
[memory]
backend = "sqlite"
[gateway]
port = 0
`;

/** `zeroclaw config …` and where settings come from (contract §6). */
export function cliConfigConformance(command: readonly string[]): void {
  describe("config", () => {
    editing(command);
    showing(command);
    mistakes(command);
  });
}

function editing(command: readonly string[]): void {
  describe("editing", () => {
    test("set changes one value and leaves comments, order and everything else; unset takes it out again", async () => {
      await inFolder(
        command,
        async ({ run, config }) => {
          const set = await run("config", "set", "gateway.port", "9090");
          expect({ code: set.code, stdout: set.stdout }).toEqual({ code: 0, stdout: "gateway.port: 8585 → 9090\n" });
          expect(await config()).toBe(COMMENTED.replace("8585", "9090"));
          expect((await run("config", "get", "gateway.port")).stdout).toBe("9090\n");
          await run("config", "set", "gateway.allowed_hosts", "box.lan, desk.lan");
          expect((await run("config", "get", "gateway.allowed_hosts")).stdout).toBe('["box.lan","desk.lan"]\n');
          expect((await run("config", "unset", "gateway.port")).code).toBe(0);
          expect((await run("config", "get", "gateway.port")).stdout).toBe("8585\n");
          for (const comment of COMMENTED.match(/# (?!the usual).*/g) ?? []) expect(await config()).toContain(comment);
        },
        COMMENTED,
      );
    });

    test("a value that is not allowed changes nothing: exit code 2, what was found and what is allowed", async () => {
      await inFolder(
        command,
        async ({ run, config }) => {
          for (const [key, value, told] of [
            ["gateway.port", "70000", "65535"],
            ["gateway.port", "http", "whole number"],
            ["gateway.rate_limit.enabled", "maybe", "true or false"],
            ["gateway.prot", "1", "gateway.port"],
            ["gateway.host", "", "not empty"],
          ] as const) {
            const { code, stdout, stderr } = await run("config", "set", key, value);
            expect({ key, value, code, stdout }).toEqual({ key, value, code: 2, stdout: "" });
            expect(stderr).toContain(told);
          }
          expect(await config()).toBe(COMMENTED);
        },
        COMMENTED,
      );
    });
  });
}

function showing(command: readonly string[]): void {
  describe("showing", () => {
    test("list tells every setting and where it comes from: flag, environment, file or default", async () => {
      await inFolder(
        command,
        async ({ runWith }) => {
          const env = { ZEROCLAW_GATEWAY__HOST: "127.0.0.2", ZEROCLAW_GATEWAY__RATE_LIMIT__ENABLED: "false" };
          const { settings } = JSON.parse((await runWith({ env }, "config", "list", "--json")).stdout);
          const of = (key: string) => settings.find((setting: { key: string }) => setting.key === key);
          expect(of("gateway.host")).toMatchObject({ value: "127.0.0.2", source: "environment", default: "127.0.0.1" });
          expect(of("gateway.rate_limit.enabled")).toMatchObject({ value: false, source: "environment" });
          expect(of("gateway.port")).toMatchObject({ value: 8585, source: "file" });
          expect(of("agent.kind")).toMatchObject({ value: "operator", source: "default" });
        },
        COMMENTED,
      );
      const env = { ZEROCLAW_GATEWAY__HOST: "127.0.0.2", ZEROCLAW_GATEWAY__PORT: "1" };
      await using gateway = await GatewayProcess.start(command, { env, args: ["--port", "0"] });
      expect(gateway.stdout).toContain("on 127.0.0.2 (random port)"); // flag before environment before file
      expect(await gateway.config()).not.toContain("127.0.0.2"); // what comes from the environment is never written
    });

    test("secrets are shown nowhere: not by get, not by list, not in a refusal", async () => {
      await inFolder(
        command,
        async ({ run }) => {
          for (const words of [
            ["config", "list"],
            ["config", "list", "--json"],
            ["config", "get", "agent.api_key"],
            ["config", "get", "agent"],
          ]) {
            const { code, stdout, stderr } = await run(...words);
            expect({ words, code, leaked: (stdout + stderr).includes("sk-very-secret") }).toEqual({
              words,
              code: 0,
              leaked: false,
            });
          }
          const set = await run("config", "set", "agent.api_key", "sk-other-secret");
          expect(set.stdout + set.stderr).not.toMatch(/sk-(very|other)-secret/);
        },
        '[agent]\napi_key = "sk-very-secret"\n',
      );
    });
  });
}

function mistakes(command: readonly string[]): void {
  describe("checking", () => {
    test("check tells every mistake with its line, and path where the file is", async () => {
      await inFolder(
        command,
        async ({ dir, run }) => {
          const { code, stdout, stderr } = await run("config", "check");
          expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
          for (const told of ["line 2", '"gateway.port"', "line 3", "line 5"]) expect(stderr).toContain(told);
          expect((await run("config", "path")).stdout).toBe(`${dir}/config.toml\n`);
        },
        '[gateway]\nprot = 1\nhost = ""\n[store]\nretention_days = "long"\n',
      );
    });

    test("another program's tables are left alone with one warning, its old gateway keys are refused by the name of their replacement", async () => {
      await using gateway = await GatewayProcess.start(command, { config: RUST, args: [] });
      await gateway.pair();
      expect(await gateway.config()).toContain(
        'default_provider = "openrouter"\n[memory]\nbackend = "sqlite"\n[gateway]\n',
      );
      await gateway.stop();
      const logged: readonly { readonly message: string }[] = gateway.stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const warnings = logged.filter(({ message }) => /"(default_provider|memory)"/.test(message));
      expect(warnings).toHaveLength(1);
      await inFolder(
        command,
        async ({ run }) => {
          const { code, stderr } = await run("gateway", "-p", "0");
          expect(code).toBe(2);
          expect(stderr).toContain('"gateway.require_pairing" is a setting of the Rust ZeroClaw');
        },
        `${RUST}require_pairing = true\n`,
      );
    });
  });
}
