import { sha256Hex } from "../../src/lib/hash.ts";
import { Idempotency } from "../../src/limits/idempotency.ts";
import { Feed } from "../../src/observe/feed.ts";
import { Log } from "../../src/observe/log.ts";
import type { Principal, Scope } from "../../src/protocol/principal.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { SessionAccess } from "../../src/runs/access.ts";
import { Permissions } from "../../src/runs/permissions.ts";
import { Runs } from "../../src/runs/runs.ts";
import { Streams } from "../../src/sessions/streams.ts";
import type { Store } from "../../src/store/store.ts";
import { type SocketData, SocketHub } from "../../src/ws/hub.ts";
import type { HubParts } from "../../src/ws/parts.ts";
import type { SocketLike } from "../../src/ws/socket.ts";
import { quiet, ScriptedAgent } from "./agent.ts";
import { ManualClock } from "./clock.ts";
import { MemoryRunStore } from "./memory-runs.ts";

/** A frame as a client reads it. */
export type Received = Readonly<Record<string, unknown>> & { readonly type: string };

/** A socket without a network: takes everything at once unless it is told to stall. */
export class FakeSocket implements SocketLike {
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  terminated = false;
  pings = 0;
  /** Called at every ping. */
  onPing = () => {};
  /** Takes nothing: what is sent waits in the buffer. */
  stalled = false;
  /** Loses what is sent, as Bun does past its limit. */
  dropping = false;
  /** Throws at the next send. */
  broken = false;
  #buffered = 0;

  send(text: string): number {
    if (this.broken) throw new Error("The socket is broken");
    if (this.dropping || this.closed || this.terminated) return 0;
    this.texts.push(text);
    const bytes = Buffer.byteLength(text);
    if (!this.stalled) return bytes;
    this.#buffered += bytes;
    return -1;
  }

  ping(): void {
    this.pings += 1;
    this.onPing();
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  terminate(): void {
    this.terminated = true;
  }

  bufferedAmount(): number {
    return this.#buffered;
  }

  /** The reader takes `bytes` of what waits. */
  take(bytes = Number.POSITIVE_INFINITY): void {
    this.#buffered = Math.max(0, this.#buffered - bytes);
  }
}

/** A client of a hub: one socket from open to close. */
export class Client {
  readonly socket = new FakeSocket();
  readonly hub: SocketHub;
  readonly data: SocketData;

  constructor(hub: SocketHub, data: SocketData) {
    this.hub = hub;
    this.data = data;
    this.socket.onPing = () => hub.heard(data);
    hub.open(data, this.socket);
  }

  get frames(): readonly Received[] {
    return this.socket.texts.map((text) => JSON.parse(text));
  }

  get types(): readonly string[] {
    return this.frames.map(({ type }) => type);
  }

  get last(): Received {
    const frame = this.frames.at(-1);
    if (!frame) throw new Error("The client has received nothing");
    return frame;
  }

  get code(): number | undefined {
    return this.socket.closed?.code;
  }

  of(type: string): readonly Received[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  raw(frame: string | Uint8Array): void {
    this.hub.message(this.data, frame);
  }

  /** Sends frames one right after the other and lets all that follows from them happen. */
  async send(...frames: readonly object[]): Promise<void> {
    for (const frame of frames) this.raw(JSON.stringify(frame));
    await quiet();
  }

  /** The peer takes what waits, as Bun tells it. */
  async take(bytes?: number): Promise<void> {
    this.socket.take(bytes);
    this.hub.drain(this.data);
    await quiet();
  }

  leave(): void {
    this.hub.close(this.data);
  }
}

export const OWNER = "zc_owner";
export const PHONE = "zc_phone";
export const TABLET = "zc_tablet";
export const SENSOR = "zc_sensor";
export const CODE = "WXYZ-1234-ABCD";

type WorldStore = Pick<Store, "runs" | "sessions" | "idempotency">;

interface WorldOptions<S extends WorldStore> {
  readonly store?: S;
  readonly clock?: ManualClock;
  readonly agent?: ScriptedAgent;
  readonly idempotency?: boolean;
}

/** A gateway's inside, without network, disk or configuration. Made again over the same store, it is the next start. */
export class World<S extends WorldStore = MemoryRunStore> {
  readonly clock: ManualClock;
  readonly store: S;
  readonly agent: ScriptedAgent;
  readonly feed: Feed;
  readonly permissions: Permissions;
  readonly streams: Streams;
  readonly runs: Runs;
  readonly access: SessionAccess;
  readonly hub: SocketHub;
  readonly devices = new Map<string, Principal>();
  readonly logged: string[] = [];
  /** Seconds to wait that the rate limit answers with; 0: allowed. */
  wait = 0;
  /** Messages that the rate limit was asked about. */
  asked = 0;
  /** When a failed event is tried again. */
  retryAt: number | null = null;
  /** Wrong tokens by address. */
  readonly wrong = new Map<string, number>();
  /** `pair` waits for this. */
  pairing: Promise<void> = Promise.resolve();

  constructor({ store, clock, agent, idempotency = true }: WorldOptions<S> = {}) {
    this.clock = clock ?? new ManualClock();
    this.store = store ?? (new MemoryRunStore() as WorldStore as S); // S is MemoryRunStore unless another store was given
    this.agent = agent ?? new ScriptedAgent();
    const log = new Log({ clock: this.clock, write: (line) => this.logged.push(line), format: "json", level: "debug" });
    this.feed = new Feed(this.clock);
    this.permissions = new Permissions(this.clock);
    this.streams = new Streams(this.store, this.clock);
    this.access = new SessionAccess(this.store.sessions, [], () => "chat");
    this.runs = new Runs({
      store: this.store,
      streams: this.streams,
      agent: this.agent,
      permissions: this.permissions,
      feed: this.feed,
      clock: this.clock,
      log,
      timeoutMs: 600_000,
      isQuestion: () => false,
      retryAt: () => this.retryAt,
      replyTo: () => null,
      toolsFor: async () => null,
    });
    this.addDevice(OWNER, "owner", "owner");
    this.addDevice(PHONE, "phone", "chat");
    this.addDevice(TABLET, "tablet", "chat");
    this.addDevice(SENSOR, "sensor", "ingest");
    const keys = new Idempotency({ store: this.store.idempotency, maxKeys: 100, clock: this.clock });
    const parts: HubParts = {
      ...this.#auth(),
      runs: this.runs,
      access: this.access,
      streams: this.streams,
      permissions: this.permissions,
      feed: this.feed,
      keys: idempotency ? keys : null,
      clock: this.clock,
      log,
      version: "1.2.3",
    };
    this.hub = new SocketHub(parts);
  }

  addDevice(token: string, device_id: string, scope: Scope): void {
    this.devices.set(token, { device_id, name: device_id, scope, local: false });
  }

  /** Ends a device as `devices revoke` does. */
  revoke(token: string): void {
    const principal = this.devices.get(token);
    this.devices.delete(token);
    if (principal) this.hub.closeDevice(principal.device_id);
  }

  /** Opens a socket; with a `token`, one that came with the upgrade. */
  connect(token?: string, address = "192.0.2.1"): Client {
    const admission = this.hub.admit(address, token === undefined ? null : (this.devices.get(token) ?? null));
    if (!admission.ok) throw admission.problem;
    return new Client(this.hub, admission.data);
  }

  /** A socket of a device that streams nothing and follows nothing. */
  async as(token: string): Promise<Client> {
    const client = this.connect();
    await client.send({ type: "auth", token });
    client.socket.texts.length = 0;
    return client;
  }

  /** The next start of the gateway over what this one left on disk. */
  restart(agent = new ScriptedAgent()): World<S> {
    return new World<S>({ store: this.store, clock: this.clock, agent });
  }

  #auth(): Pick<HubParts, "authenticate" | "isCurrent" | "wrongToken" | "pair" | "allow"> {
    return {
      authenticate: (token) => {
        if (token === CODE) throw new Problem("pair_first", { detail: `Trade ${CODE} for a token first.` });
        return this.devices.get(token) ?? null;
      },
      isCurrent: (principal) => [...this.devices.values()].includes(principal),
      wrongToken: (client) => {
        const count = (this.wrong.get(client) ?? 0) + 1;
        this.wrong.set(client, count);
        return count > 30 ? 42 : 0;
      },
      pair: async ({ code, deviceName }) => {
        await this.pairing;
        if (code !== CODE) throw new Problem("invalid_code");
        const token = `zc_${sha256Hex(deviceName ?? "")}`;
        this.addDevice(token, deviceName ?? "new", "owner");
        return { token, device: { device_id: deviceName ?? "new", scope: "owner" } };
      },
      allow: () => {
        this.asked += 1;
        return this.wait;
      },
    };
  }
}
