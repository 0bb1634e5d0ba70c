import type { WebSocketHandler } from "bun";
import type { Agent } from "../agent/agent.ts";
import { loadAgent, type OpenAgent } from "../agent/agents.ts";
import { deviceRow } from "../api/devices.ts";
import { isOff } from "../channels/channel.ts";
import { describeConfig, type SettingRow } from "../config/describe.ts";
import type { TokenFile } from "../config/token-file.ts";
import { Deadlines } from "../http/deadlines.ts";
import { Retention } from "../inbox/retention.ts";
import { parseNetwork } from "../lib/address.ts";
import { sleep, type Timer } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { VERSION } from "../lib/version.ts";
import { BodyBudgets } from "../limits/body-budgets.ts";
import { Feed } from "../observe/feed.ts";
import { Metrics } from "../observe/metrics.ts";
import { LOCAL_PRINCIPAL } from "../protocol/principal.ts";
import type { ReplyWorkers } from "../replies/workers.ts";
import { atStart, type Store, type StoredDevice, StoreUnavailable } from "../store/store.ts";
import { websocketHandlers } from "../ws/handlers.ts";
import { type SocketData, SocketHub } from "../ws/hub.ts";
import type { HubParts } from "../ws/parts.ts";
import { type AuthServices, openAuth } from "./auth-services.ts";
import { browserRules } from "./browser-rules.ts";
import { type ChannelServices, type Channels, openChannelServices, openConfigured } from "./channel-services.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import type { GatewayOptions } from "./gateway.ts";
import { Grants } from "./grants.ts";
import { makeLimiters } from "./limits.ts";
import type { Server } from "./listen.ts";
import { Opening } from "./opening.ts";
import { Pipeline } from "./pipeline.ts";
import { remind } from "./remind.ts";
import { MAX_BODY, routes } from "./routes.ts";
import { GatewayState } from "./state.ts";
import { portOf, reachable, tester } from "./tester.ts";
import { Traffic } from "./traffic.ts";
import { upgrade } from "./upgrade.ts";
import { Upkeep } from "./upkeep.ts";
import type { RequestServer } from "./visit.ts";
import { openWork, type WorkServices } from "./work-services.ts";

/** The page's figure: a request must have arrived by then. */
const BODY_DEADLINE_MS = 30_000;
/** Addresses that are remembered for something genuine: providers have few. */
const PROVEN_ADDRESSES = 1_000;
/** What is left after the drain has only to notice that it is to stop. */
const ABANDON_MS = 500;

export interface AssembleOptions extends GatewayOptions {
  readonly store: Store;
  readonly tokens: TokenFile;
}

/** A gateway's parts put together: everything but the port, the folder's lock and the store. */
export class Services {
  readonly websocket: WebSocketHandler<SocketData>;
  readonly #options: AssembleOptions;
  readonly #auth: AuthServices;
  readonly #work: WorkServices;
  readonly #channels: ChannelServices;
  readonly #grants: Grants;
  #replies: ReplyWorkers | null = null;
  readonly #state: GatewayState;
  readonly #hub: SocketHub;
  readonly #pipeline: Pipeline;
  readonly #upkeep: Upkeep;
  readonly #opening = new Opening();
  readonly #closing = new AbortController();
  readonly #leaving = new AbortController();
  readonly #watch: Timer;

  private constructor(options: AssembleOptions, auth: AuthServices, channels: Channels, open: Agent | OpenAgent) {
    const { store, tokens, loaded, clock, log } = options;
    const { config } = loaded;
    const feed = new Feed(clock, (error) => log.error("A reader of the feed failed", { error: String(error) }));
    const metrics = new Metrics();
    const traffic = new Traffic(metrics, clock);
    this.#options = options;
    this.#auth = auth;
    const { devices } = auth;
    this.#channels = openChannelServices({ config, channels, store, traffic, feed, clock, log });
    const { silence } = this.#channels;
    const origin = () => `http://${reachable(this.#state.address)}`;
    const isCurrent = (device_id: string) => device_id === LOCAL_PRINCIPAL.device_id || devices.isCurrent(device_id);
    this.#grants = new Grants({ origin, isCurrent, random: options.random });
    this.#work = openWork({
      ...options,
      open,
      grants: this.#grants,
      isCurrent,
      env: options.env ?? {},
      ownPort: () => portOf(this.#state.address),
      config,
      channels,
      devices,
      feed,
      traffic,
      onReply: () => this.#replies?.kick(),
      status: () => this.#state.status(),
    });
    const { agent, idempotency, runs, trouble } = this.#work;
    this.#state = new GatewayState({
      loaded,
      store,
      channels,
      silent: () => silence.silent,
      devices,
      metrics,
      clock,
      agent,
      trouble,
      sockets: () => ({ open: this.#hub.sockets, unauthenticated: this.#hub.unauthenticated }),
    });
    const { limiters, policies } = makeLimiters(config.gateway.rate_limit);
    const gatekeeper = this.#gatekeeper(limiters);
    const keys = config.gateway.idempotency.enabled ? idempotency : null;
    const shared = { ...this.#work, feed, keys, clock, log };
    this.#hub = this.#openHub(shared, gatekeeper);
    this.websocket = websocketHandlers(this.#hub);
    this.#pipeline = new Pipeline({
      routes: routes({
        ...shared,
        ...auth,
        ...this.#channels,
        tester: this.#tester(),
        config,
        store,
        metrics,
        settings: () => describeConfig(loaded).map((row) => withTokens(row, devices.list())),
        status: () => this.#state.status(),
        unhealthy: () => this.#state.unhealthy(),
        closing: this.#closing.signal,
        leaving: this.#leaving.signal,
      }),
      gatekeeper,
      policies,
      deadlines: new Deadlines(clock, BODY_DEADLINE_MS),
      budgets: new BodyBudgets(),
      proven: new Lru(PROVEN_ADDRESSES),
      traffic,
      clock,
      log,
      ready: () => this.#opening.wait,
    });
    this.#upkeep = new Upkeep({
      store,
      idempotency,
      silence,
      retention: new Retention({ store, days: config.store.retention_days, clock }),
      minute: async () => {
        await this.#state.count(); // else the depth is what it was when somebody last asked
        return traffic.takeMinute(this.#state.depth, this.#hub.sockets);
      },
      remind: (reminder) => remind(runs, store, reminder),
      clock,
      log,
    });
    devices.onEnded((device_id) => this.#hub.closeDevice(device_id));
    devices.onChange((device) => feed.emit("device", deviceRow(device, "")));
    this.#watch = tokens.watch(
      (entries) => void devices.sync(entries),
      (error) => log.warn("Cannot follow config.toml: paired devices stay as they were", { error: String(error) }),
    );
  }

  /** Builds every part once and tells each of the others what it needs to know. @throws AgentMisconfigured, StoreUnavailable */
  static assemble(options: AssembleOptions): Promise<Services> {
    return starting(async () => {
      const channels = await openConfigured(options.loaded);
      const agent = options.agent ?? (await loadAgent(options.loaded.config.agent));
      const services = new Services(options, await openAuth(options), channels, agent);
      await services.#openReplies();
      return services;
    });
  }

  handle(request: Request, server: Server): Promise<Response | undefined> {
    return this.#pipeline.handle(request, server, (visit) => upgrade(this.#hub, server, visit));
  }

  /** Bytes of the largest body that some address takes. */
  get largestBody(): number {
    const channels = [...this.#channels.channels.values()];
    const { max_body } = this.#options.loaded.config.v1;
    return Math.max(MAX_BODY, max_body, ...channels.map((channel) => (isOff(channel) ? 0 : channel.maxBody)));
  }

  handleLocal(request: Request, server: RequestServer): Promise<Response | undefined> {
    return this.#pipeline.handle(request, server, null);
  }

  /** `--new-pairing`: no token and no lockout is left. */
  forgetEveryone(): Promise<void> {
    return starting(async () => {
      await this.#auth.devices.clear();
      await this.#auth.lockouts.clear();
    });
  }

  /** Lets requests in. Returns the pairing code. */
  open(address: string): string {
    this.#state.listensOn(address);
    const { code } = this.#auth.pairing.renew();
    this.#opening.open();
    return code;
  }

  /** Goes on with what an earlier process left, and begins to work. @throws StoreUnavailable */
  resume(): Promise<void> {
    return starting(async () => {
      const { store, log } = this.#options;
      const runs = await this.#work.runs.recover();
      if (runs > 0) log.info("Runs that were cut off begin again", { runs });
      if (this.#channels.silence.expects) this.#channels.silence.remember(await store.events.latest());
      await this.#work.inbox.start();
      this.#replies?.start();
      this.#upkeep.start();
    });
  }

  /** Ends sockets and streams, waits at most `deadlineMs` for what is in flight, and hands the rest back to the store. */
  async drain(closed: Promise<unknown>, deadlineMs: number): Promise<void> {
    const { clock, store, log } = this.#options;
    const { runs, once, inbox } = this.#work;
    this.#state.drains();
    this.#closing.abort();
    this.#hub.closeAll();
    inbox.stop();
    this.#replies?.stop();
    this.#upkeep.stop();
    const done = Promise.all([closed, inbox.idle(), this.#replies?.idle()]).then(() => runs.idle());
    await Promise.race([done, sleep(clock, deadlineMs)]);
    runs.stop();
    if (runs.active > 0) {
      log.warn("Some runs did not end in time; they begin again at the next start", { runs: runs.active });
    }
    if (runs.active === 0 && once.active === 0) return;
    runs.abandon();
    once.stop();
    this.#leaving.abort(); // who waits for one of them is answered 202
    await Promise.race([Promise.all([runs.idle(), closed]), sleep(clock, ABANDON_MS)]);
    await store.events.recover(clock.now()).catch(() => undefined); // done at the next start otherwise
  }

  /** Ends whatever `drain` has not, and writes down what is only in memory. */
  async stop(): Promise<void> {
    this.#watch.cancel();
    this.#upkeep.stop();
    this.#work.inbox.stop();
    this.#replies?.stop();
    this.#work.runs.abandon();
    this.#work.once.stop();
    this.#hub.closeAll();
    this.#work.streams.stop();
    await this.#auth.devices.flush();
    await this.#auth.lockouts.flush();
    await this.#channels.refusals.flush();
    await this.#work.agent.stop(); // last: it is a program of somebody else's, and may fail
  }

  /** What sends answers back; loaded only if there is a channel they could go to, or answers that are left of one. */
  async #openReplies(): Promise<void> {
    const { loaded, store, clock, random, log } = this.#options;
    const left = await store.replies.sources();
    if (this.#channels.channels.size === 0 && left.length === 0) return;
    const { openReplies } = await import("./reply-services.ts");
    this.#replies = openReplies({ channels: loaded.config.channels, left, store, clock, random, log });
  }

  #tester() {
    const { clock } = this.#options;
    const origin = () => `http://${reachable(this.#state.address)}`;
    return tester({ origin, publicOrigin: () => this.#publicOrigin(origin()), clock, fetch });
  }

  /** Where others reach the gateway, without a slash at its end. */
  #publicOrigin(otherwise: string): string {
    const { public_url } = this.#options.loaded.config.gateway;
    return public_url === "" ? otherwise : public_url.replace(/\/+$/, "");
  }

  #gatekeeper(limiters: ReturnType<typeof makeLimiters>["limiters"]): Gatekeeper {
    const { gateway } = this.#options.loaded.config;
    return new Gatekeeper({
      ...this.#auth,
      grants: this.#grants,
      limiters,
      limited: gateway.rate_limit.enabled,
      browser: browserRules(gateway),
      proxies: gateway.trusted_proxies.map(parseNetwork).filter((network) => network !== null),
      origin: () => this.#publicOrigin(`http://${this.#state.address}`),
      clock: this.#options.clock,
      log: this.#options.log,
    });
  }

  #openHub(shared: SharedParts, gatekeeper: Gatekeeper): SocketHub {
    const { devices, lockouts, pairing } = this.#auth;
    return new SocketHub({
      ...shared,
      authenticate: (token) => gatekeeper.authenticate(token),
      isCurrent: ({ device_id }) => devices.isCurrent(device_id),
      wrongToken: (client) => lockouts.wrongToken(client),
      pair: (attempt) => pairing.pair(attempt),
      allow: (principal) => gatekeeper.allowMessage(principal),
      version: VERSION,
    });
  }
}

/** A part of the start. What the store fails with then is the end of it. */
async function starting<T>(part: () => Promise<T>): Promise<T> {
  try {
    return await part();
  } catch (error) {
    throw error instanceof StoreUnavailable ? atStart(error) : error;
  }
}

/** Pairing changes the list while the gateway runs, so it is shown as it is now. */
function withTokens(row: SettingRow, devices: readonly StoredDevice[]): SettingRow {
  return row.key === "gateway.paired_tokens" ? { ...row, value: devices.map(({ token_hash }) => token_hash) } : row;
}

/** What the hub shares with the handlers. */
type SharedParts = Pick<HubParts, "runs" | "access" | "streams" | "permissions" | "feed" | "keys" | "clock" | "log">;
