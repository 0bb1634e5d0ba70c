import type { AgentEvent, AgentTurn } from "../../../../src/agent/agent.ts";
import { Operator } from "../../../../src/agent/operator/operator.ts";
import { type FakeDesk, idAt, KINDS } from "./desk.ts";

export const OWNER = { reach: "owner", device_id: "device-a" } as const;
export const CHAT = { reach: "chat", device_id: "device-b" } as const;
export const CHANNEL = { reach: "channel", device_id: null, origin: "event" } as const;

export function operatorOf(desk: FakeDesk, zone?: string): Operator {
  const summarize = (event: { source: string }) => `summary of ${event.source}`;
  return new Operator({ desk, summarize, kinds: KINDS, ...(zone === undefined ? {} : { zone }) });
}

export function turnOf(desk: FakeDesk, text: string, about: Partial<AgentTurn> = {}): AgentTurn {
  return {
    run_id: idAt(desk.clock.now(), 0xabc),
    session_id: "device:a",
    attempt: 1,
    origin: "http",
    text,
    event: null,
    goesBack: false,
    once: false,
    instructions: null,
    history: async () => [],
    tools: async () => null,
    ...OWNER,
    ...about,
  };
}

/** Everything the operator says to one text. */
export async function eventsOf(desk: FakeDesk, text: string, about: Partial<AgentTurn> = {}): Promise<AgentEvent[]> {
  const said: AgentEvent[] = [];
  for await (const event of operatorOf(desk).run(turnOf(desk, text, about), new AbortController().signal))
    said.push(event);
  return said;
}

/** The whole answer to one text. */
export async function ask(desk: FakeDesk, text: string, about: Partial<AgentTurn> = {}): Promise<string> {
  return textOf(await eventsOf(desk, text, about));
}

export function textOf(events: readonly AgentEvent[]): string {
  return events.map((event) => (event.type === "delta" ? event.content : "")).join("");
}
