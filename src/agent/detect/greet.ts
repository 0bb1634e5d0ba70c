import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AcpSupervisor, type SupervisorParts } from "../acp/supervisor.ts";
import { type AcpSystem, systemAcp } from "../acp/system.ts";
import type { Greet } from "./check-acp.ts";

/**
 * Shakes hands with the program as the gateway would. In a folder of its own: the gateway's holds the note of the process
 * that a running gateway has, which must not be taken for one that was left behind.
 */
export function greeter(
  parts: Omit<SupervisorParts, "dir">,
  signal: AbortSignal,
  system: AcpSystem = systemAcp,
): Greet {
  return async (config) => {
    const dir = mkdtempSync(join(tmpdir(), "zeroclaw-doctor-"));
    const supervisor = new AcpSupervisor(config, { ...parts, dir }, system);
    try {
      return (await supervisor.connect(signal)).name;
    } finally {
      await supervisor.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  };
}
