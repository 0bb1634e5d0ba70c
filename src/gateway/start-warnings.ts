import type { LoadedConfig } from "../config/load.ts";
import { isLoopback, parseAddress } from "../lib/address.ts";

/** What an operator should know at the start, one sentence each. None of it stops the start. */
export function startWarnings(loaded: LoadedConfig, noSocket: string | null): readonly string[] {
  const { gateway } = loaded.config;
  const warnings: string[] = [];
  if (!isLocal(gateway.host)) {
    warnings.push(
      `Listening on ${gateway.host}: everyone who can reach this machine can reach the gateway, and without TLS whoever is on the way can read tokens and messages. Put it behind a reverse proxy with TLS (nginx, Caddy) or a firewall, or bind to 127.0.0.1 and use an SSH tunnel or a VPN.`,
    );
  }
  if (loaded.readOnly) {
    warnings.push(
      `${loaded.path} cannot be written: pairing will answer 500 config_read_only. Make the file and its folder writable for this user.`,
    );
  }
  for (const [name, reason] of loaded.channelFaults) warnings.push(`The channel "${name}" is off: ${reason}`);
  if (noSocket !== null) {
    warnings.push(
      `No Unix socket for this machine's commands could be made: ${noSocket}. The gateway runs, but get-paircode, devices, events, send, chat and status cannot reach it. A shorter ZEROCLAW_CONFIG_DIR helps.`,
    );
  }
  return warnings;
}

function isLocal(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const address = parseAddress(host);
  return address !== null && isLoopback(address);
}
