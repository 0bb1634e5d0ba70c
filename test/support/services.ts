import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "../../src/agent/agent.ts";
import { systemDisk } from "../../src/config/disk.ts";
import { loadConfig } from "../../src/config/load.ts";
import { TokenFile } from "../../src/config/token-file.ts";
import type { Server } from "../../src/gateway/listen.ts";
import { Services } from "../../src/gateway/services.ts";
import type { Random } from "../../src/lib/random.ts";
import { type SseEvent, SseParser } from "../../src/lib/sse.ts";
import { Log } from "../../src/observe/log.ts";
import type { Scope } from "../../src/protocol/principal.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { quiet, ScriptedAgent } from "./agent.ts";
import { ManualClock } from "./clock.ts";
import { Answer, GatewayClient, type Headed } from "./gateway-client.ts";

export const ADDRESS = "127.0.0.1:8585";

export interface DoorOptions {
  /** A folder that an earlier door left; otherwise one is made, and removed at the end. */
  readonly dir?: string;
  /** config.toml. @default a gateway without rate limits, so that a test may ask as often as it wants */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Null: the one that the configuration names. @default a ScriptedAgent that echoes */
  readonly agent?: Agent | null;
  readonly clock?: ManualClock;
  /** Stands between the gateway and its store. */
  readonly store?: (store: Store) => Store;
  /** Begins to work off events and what an earlier door left. @default true */
  readonly resume?: boolean;
  /** Lets requests in; otherwise `letIn` does. @default true */
  readonly ready?: boolean;
}

export const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";

/** The same bytes in the same order in every run: tests with codes and tokens in them can be looked at twice. */
export class CountingRandom implements Random {
  #count = 0;

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i += 32) {
      const block = new Bun.CryptoHasher("sha256").update(String(this.#count++)).digest();
      out.set(block.subarray(0, length - i), i);
    }
    return out;
  }
}

/** A store of which `replace` stands in for the parts that it gives; undefined leaves them as they are. */
export function storeWith(store: Store, replace: (name: keyof Store) => unknown): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(target, name, target);
      const other = replace(name as keyof Store); // a Store is asked for nothing else
      if (other !== undefined) return other;
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

/** All of a gateway but its port: requests go in at `Services.handle`, the store is real, time is told. */
export class Door implements AsyncDisposable {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly services: Services;
  readonly store: Store;
  readonly agent: ScriptedAgent;
  /** The log's lines. */
  readonly lines: readonly string[];
  /** What the last `server.timeout` of each request was told, in seconds. */
  readonly timeouts = new Map<Request, number>();
  /** The owner's code; empty before requests are let in. */
  code = "";
  /** What `server.upgrade` answers. */
  upgrades = false;
  /** Whether config.toml can be written. */
  readonly file: { readOnly: boolean };
  readonly #ownsDir: boolean;
  #closed = false;

  private constructor(
    parts: Pick<Door, "dir" | "clock" | "services" | "store" | "agent" | "lines" | "file">,
    ownsDir: boolean,
  ) {
    this.dir = parts.dir;
    this.clock = parts.clock;
    this.services = parts.services;
    this.store = parts.store;
    this.agent = parts.agent;
    this.lines = parts.lines;
    this.file = parts.file;
    this.#ownsDir = ownsDir;
  }

  static async open(options: DoorOptions = {}): Promise<Door> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "zeroclaw-door-")));
    const path = join(dir, "config.toml");
    if (options.dir === undefined || options.config !== undefined) {
      await writeFile(path, options.config ?? UNLIMITED, { mode: 0o600 });
    }
    const clock = options.clock ?? new ManualClock();
    const lines: string[] = [];
    const log = new Log({ clock, write: (text) => void lines.push(text), format: "json", level: "debug" });
    const loaded = await loadConfig({ dir, env: { HOME: dir, ...options.env } });
    const real = await openSqliteStore({ path: join(dir, "state.db"), clock, log });
    const store = options.store?.(real) ?? real;
    const scripted = options.agent instanceof ScriptedAgent ? options.agent : new ScriptedAgent();
    const agent = options.agent === undefined ? scripted : options.agent;
    const file = { readOnly: false };
    const services = await Services.assemble({
      dir,
      loaded,
      clock,
      random: new CountingRandom(),
      log,
      newPairing: false,
      store,
      tokens: new TokenFile(loaded.path, clock, {
        ...systemDisk,
        canWrite: (path) => !file.readOnly && systemDisk.canWrite(path),
      }),
      ...(agent === null ? {} : { agent }),
    });
    const door = new Door({ dir, clock, services, store, agent: scripted, lines, file }, options.dir === undefined);
    if (options.ready !== false) door.letIn();
    if (options.resume !== false) await services.resume();
    return door;
  }

  letIn(): void {
    this.code = this.services.open(ADDRESS);
  }

  /** Gives a request to the gateway as Bun would. Undefined when it has become a WebSocket. */
  handle(request: Request, address = "192.0.2.1"): Promise<Response | undefined> {
    const server = {
      requestIP: () => ({ address, port: 50_000, family: "IPv4" }),
      timeout: (asked: Request, seconds: number) => void this.timeouts.set(asked, seconds),
      upgrade: () => this.upgrades,
    };
    return this.services.handle(request, server as unknown as Server); // the three methods are all that requests use
  }

  /** The same over the Unix socket. */
  handleLocal(request: Request): Promise<Response | undefined> {
    return this.services.handleLocal(request, { requestIP: () => null, timeout: () => undefined });
  }

  client(token: string | null = null, address?: string): DoorClient {
    return new DoorClient((request) => this.handle(request, address), token);
  }

  local(): DoorClient {
    return new DoorClient((request) => this.handleLocal(request), null);
  }

  /** A client with a token of that scope. */
  async paired(scope: Scope = "owner", device_name = `${scope} device`): Promise<DoorClient> {
    const code = (await this.local().post("/api/paircodes", { scope, device_name })).field("code");
    const paired = await this.client().post("/pair", { code });
    const client = this.client(paired.field("token"));
    client.device_id = paired.field("device_id");
    return client;
  }

  /** Lets everything go on that needs no more than 25 ms. */
  async settle(): Promise<void> {
    await quiet();
    this.clock.advance(25);
    await quiet();
  }

  /** Lets time pass in steps of `stepMs` until `condition` holds. */
  async until(what: string, condition: () => unknown, stepMs = 50): Promise<void> {
    for (let step = 0; step < 400; step += 1) {
      if (await condition()) return;
      this.clock.advance(stepMs);
      await quiet();
      // Whoever follows a file goes on in steps of the disk, which a busy machine takes longer for than the told clock.
      for (let step = 0; step < 8; step += 1) await stat(this.dir);
    }
    throw new Error(`Waited in vain: ${what}\n${this.lines.join("")}`);
  }

  /** Ends as a gateway does, without waiting for what is in flight. */
  async stop(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const drained = this.services.drain(Promise.resolve(), 0);
    for (let step = 0; step < 4; step += 1) {
      await quiet();
      this.clock.advance(1_000);
    }
    await drained;
    await this.services.stop();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#ownsDir) await rm(this.dir, { recursive: true, force: true });
  }
}

/** Asks without a network. */
export class DoorClient extends GatewayClient {
  device_id = "";
  readonly #handle: (request: Request) => Promise<Response | undefined>;

  constructor(handle: (request: Request) => Promise<Response | undefined>, token: string | null) {
    super(`http://${ADDRESS}`, token);
    this.#handle = handle;
  }

  override async request(
    method: string,
    path: string,
    body?: object | string | Uint8Array<ArrayBuffer>,
    headers: Headed = {},
  ): Promise<Answer> {
    const response = await this.respond(method, path, body, headers);
    return new Answer(response.status, response.headers, await response.bytes());
  }

  /** The answer as it comes, for those that go on. */
  async respond(
    method: string,
    path: string,
    body?: object | string | Uint8Array<ArrayBuffer>,
    headers: Headed = {},
  ): Promise<Response> {
    const response = await this.#handle(this.make(method, path, body, headers));
    if (!response) throw new Error(`${method} ${path} has become a WebSocket`);
    return response;
  }

  make(method: string, path: string, body?: object | string | Uint8Array<ArrayBuffer>, headers: Headed = {}): Request {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    return new Request(`${this.url}${path}`, {
      method,
      headers: {
        Host: ADDRESS,
        ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
        ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
  }

  /** Server-sent events of an answer, read as they are asked for. */
  async follow(method: string, path: string, body?: object | string, headers: Headed = {}): Promise<EventReader> {
    return new EventReader(await this.respond(method, path, body, headers));
  }
}

/** Reads server-sent events one by one. */
export class EventReader {
  readonly response: Response;
  readonly #reader: { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> };
  readonly #parser = new SseParser();
  readonly #decoder = new TextDecoder();
  readonly #events: SseEvent[] = [];

  constructor(response: Response) {
    if (!response.body) throw new Error(`The answer ${response.status} has no body to follow`);
    this.response = response;
    this.#reader = response.body.getReader();
  }

  /** The next event; null when the stream has ended. */
  async next(): Promise<SseEvent | null> {
    while (this.#events.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#events.push(...this.#parser.push(this.#decoder.decode(value, { stream: true })));
    }
    return this.#events.shift() ?? null;
  }

  /** All that is left, until the stream ends. */
  async rest(): Promise<readonly SseEvent[]> {
    const events: SseEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) events.push(event);
    return events;
  }

  /** Leaves, as a client that has closed its connection. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}
