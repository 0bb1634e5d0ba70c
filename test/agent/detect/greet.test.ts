import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Child } from "../../../src/agent/acp/child.ts";
import { type AcpSystem, systemAcp } from "../../../src/agent/acp/system.ts";
import { greeter } from "../../../src/agent/detect/greet.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Log } from "../../../src/observe/log.ts";
import { agentConfig } from "../../support/agent-parts.ts";

const log = new Log({ clock: systemClock, write: () => {}, format: "json", level: "error" });

/** Answers `initialize` and nothing else. */
const AGENT = `
  for await (const line of console) {
    const { id } = JSON.parse(line);
    const result = { protocolVersion: 1, agentInfo: { name: "Tiny" }, agentCapabilities: {}, authMethods: [] };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
  }`;

/** This machine, and what was done on it. */
class Watched {
  readonly children: Child[] = [];
  readonly folders: string[] = [];
  readonly started = Promise.withResolvers<void>();
  readonly system: AcpSystem = {
    ...systemAcp,
    spawn: (command) => {
      const child = systemAcp.spawn(command);
      this.children.push(child);
      this.started.resolve();
      return child;
    },
    guard: (pid, dir, log) => {
      this.folders.push(dir);
      return systemAcp.guard(pid, dir, log);
    },
  };

  greet(command: readonly string[], signal = new AbortController().signal): Promise<string> {
    const parts = { clock: systemClock, env: { PATH: process.env["PATH"] }, log };
    return greeter(parts, signal, this.system)(agentConfig({ kind: "acp", command: [...command] }));
  }

  /** How many processes and folders are left. */
  get left(): number {
    return this.children.filter((child) => child.signal(0)).length + this.folders.filter(existsSync).length;
  }
}

test("greeter() shakes hands with a program and leaves nothing behind", async () => {
  const machine = new Watched();
  expect(await machine.greet([process.execPath, "-e", AGENT])).toBe("Tiny");
  expect([machine.children.length, machine.folders.length, machine.left]).toEqual([1, 1, 0]);
});

test("greeter() tells of a program that ends without a word", async () => {
  const machine = new Watched();
  await expect(machine.greet(["true"])).rejects.toThrow("exit code 0");
  expect(machine.left).toBe(0);
});

test("greeter() ends a program that says nothing as soon as it is told to", async () => {
  const machine = new Watched();
  const abort = new AbortController();
  const greeted = machine.greet(["sleep", "1000"], abort.signal);
  await machine.started.promise;
  abort.abort(new Error("too late"));
  await expect(greeted).rejects.toThrow("too late");
  expect(machine.left).toBe(0);
});
