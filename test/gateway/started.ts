import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { type RunningGateway, startGateway } from "../../src/gateway/gateway.ts";
import { Log } from "../../src/observe/log.ts";
import { ScriptedAgent } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { GatewayClient } from "../support/gateway-client.ts";
import { CountingRandom, UNLIMITED } from "../support/services.ts";

export interface StartedOptions {
  /** A folder that an earlier gateway left. */
  readonly dir?: string;
  /** Written to config.toml before the start. @default no rate limits */
  readonly config?: string;
  /** @default 0 */
  readonly port?: number;
  readonly newPairing?: boolean;
  readonly clock?: ManualClock;
  /** Null: the one that the configuration names. @default one that echoes */
  readonly agent?: ScriptedAgent | null;
}

/** A folder for a gateway; the test removes it. */
export async function folder(config: string = UNLIMITED): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "zc-"));
  await writeFile(join(dir, "config.toml"), config, { mode: 0o600 });
  return dir;
}

/** What a process would leave behind that ended at this instant: the files as they are now. */
export async function copyOf(dir: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "zc-"));
  for (const file of ["config.toml", "state.db", "state.db-wal"]) {
    if (await Bun.file(join(dir, file)).exists()) await cp(join(dir, file), join(copy, file));
  }
  return copy;
}

/** A gateway on a real port and a real socket, in this process, whose time is told. */
export class Started implements AsyncDisposable {
  readonly dir: string;
  readonly gateway: RunningGateway;
  readonly clock: ManualClock;
  readonly agent: ScriptedAgent;
  readonly lines: readonly string[];
  readonly #ownsDir: boolean;
  #stopped = false;

  private constructor(parts: Pick<Started, "dir" | "gateway" | "clock" | "agent" | "lines">, ownsDir: boolean) {
    this.dir = parts.dir;
    this.gateway = parts.gateway;
    this.clock = parts.clock;
    this.agent = parts.agent;
    this.lines = parts.lines;
    this.#ownsDir = ownsDir;
  }

  /** @throws what `startGateway` throws; the folder then stays for the test to look at when it gave one. */
  static async start(options: StartedOptions = {}): Promise<Started> {
    const dir = options.dir ?? (await folder(options.config));
    if (options.dir !== undefined && options.config !== undefined)
      await writeFile(join(dir, "config.toml"), options.config, { mode: 0o600 });
    const clock = options.clock ?? new ManualClock();
    const lines: string[] = [];
    const agent = options.agent ?? new ScriptedAgent();
    const gateway = await startGateway({
      dir,
      loaded: await loadConfig({ dir, env: { HOME: dir }, flags: { port: options.port ?? 0 } }),
      clock,
      random: new CountingRandom(),
      log: new Log({ clock, write: (text) => void lines.push(text), format: "json", level: "info" }),
      newPairing: options.newPairing ?? false,
      ...(options.agent === null ? {} : { agent }),
    });
    return new Started({ dir, gateway, clock, agent, lines }, options.dir === undefined);
  }

  get url(): string {
    return `http://127.0.0.1:${this.gateway.port}`;
  }

  client(token: string | null = null): GatewayClient {
    return new GatewayClient(this.url, token);
  }

  async owner(): Promise<GatewayClient> {
    return this.client((await this.client().post("/pair", { code: this.gateway.code })).field("token"));
  }

  /** Waits for the network, not for the clock: that moves by `stepMs` between two looks. */
  async until(what: string, condition: () => unknown, stepMs = 0): Promise<void> {
    for (let turn = 0; turn < 5_000; turn += 1) {
      if (await condition()) return;
      if (stepMs > 0) this.clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`Waited in vain: ${what}\n${this.lines.join("")}`);
  }

  /** Stops as SIGTERM does; the deadline comes when the test moves the clock. */
  stop(deadlineMs = 8_000): Promise<void> {
    this.#stopped = true;
    return this.gateway.stop(deadlineMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopped) {
      const stopping = this.stop(0);
      let over = false;
      void stopping.finally(() => {
        over = true;
      });
      await this.until("the gateway has stopped", () => over, 100);
    }
    if (this.#ownsDir) await rm(this.dir, { recursive: true, force: true });
  }
}
