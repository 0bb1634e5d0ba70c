import type { Clock } from "../lib/clock.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { Principal, Scope } from "../protocol/principal.ts";
import type { SessionAccess } from "../runs/access.ts";
import type { Keys } from "../runs/keyed.ts";
import type { Permissions } from "../runs/permissions.ts";
import type { Runs } from "../runs/runs.ts";
import type { Streams } from "../sessions/streams.ts";

export interface PairRequest {
  readonly code: string;
  /** The address as it is counted. */
  readonly client: string;
  readonly deviceName: string | undefined;
}

export interface PairedDevice {
  readonly token: string;
  readonly device: { readonly device_id: string; readonly scope: Scope };
}

/** What sockets work with; made by `gateway/`. */
export interface HubParts {
  /** Whose token that is; null when nobody's. @throws Problem pair_first when it is a pairing code */
  authenticate(token: string): Principal | null;
  /** False once the device was revoked or its token has expired. */
  isCurrent(principal: Principal): boolean;
  /** Counts a wrong token. Returns 0, or the seconds that its address has to wait. */
  wrongToken(client: string): number;
  /** @throws Problem invalid_code, locked_out, config_read_only, store_unavailable */
  pair(request: PairRequest): Promise<PairedDevice>;
  /** Counts one message. Returns 0, or the seconds to wait. */
  allow(principal: Principal, client: string): number;
  readonly runs: Runs;
  readonly access: SessionAccess;
  readonly streams: Streams;
  readonly permissions: Permissions;
  readonly feed: Feed;
  /** Null when idempotency is switched off. */
  readonly keys: Keys | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}
