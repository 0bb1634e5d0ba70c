import type { TestResult } from "../api/parts.ts";
import type { Channel } from "../channels/channel.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";

const ANSWER_CHARS = 2_048;
const TIMEOUT_MS = 15_000;

export interface TesterParts {
  /** `http://127.0.0.1:8585`: where this gateway can be reached from this machine. */
  readonly origin: () => string;
  /** `gateway.public_url`, else the same. */
  readonly publicOrigin: () => string;
  readonly clock: Clock;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Sends an example to the gateway's own port, as its provider would: the whole way through verification, store and agent.
 * It goes through the front door because only that proves that the door is open.
 */
export function tester(parts: TesterParts): (channel: Channel, event: string | null) => Promise<TestResult> {
  return async (channel, event) => {
    const now = parts.clock.now();
    const path = `/webhook/${channel.name}`;
    const context = { now, id: newId(now), url: `${parts.publicOrigin()}${path}` };
    const sample = channel.sample(event, context);
    const url = `${parts.origin()}${path}`;
    const response = await parts.fetch(`${url}${sample.path}`, {
      method: "POST",
      headers: sample.headers,
      body: new Uint8Array(sample.body),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.text()).slice(0, ANSWER_CHARS);
    const shown = sample.path === "" ? url : `${url}/[secret]`;
    return {
      url: shown,
      event: event ?? channel.samples[0] ?? "",
      status: response.status,
      answer,
      event_id: idIn(answer),
    };
  };
}

function idIn(answer: string): string | null {
  try {
    const value: unknown = JSON.parse(answer);
    const id = typeof value === "object" && value !== null && "event_id" in value ? value.event_id : null;
    return typeof id === "string" ? id : null;
  } catch {
    return null; // Twilio's answer is XML
  }
}

/** The port of `host:port`; 0 before there is one. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1)) || 0;
}

/** An address that listens everywhere is reached on this machine's own. */
export function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[(::|0:0:0:0:0:0:0:0)\]:/, "[::1]:");
}
