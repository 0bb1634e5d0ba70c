import type { Config } from "../config/settings.ts";
import { policyField } from "../limits/rate-limit-headers.ts";
import { RateLimiter } from "../limits/rate-limiter.ts";
import type { Limiters } from "./gatekeeper.ts";
import type { Standing } from "./visit.ts";

/** Reads with a token get that many times the window of writes. */
const READS_FACTOR = 10;
/** `POST /pair`, whatever the configuration says. */
const PAIR = { limit: 10, windowMs: 60_000 } as const;

/** The limiters of contract §3, and how each is described to clients. */
export function makeLimiters(config: Config["gateway"]["rate_limit"]): {
  readonly limiters: Limiters;
  readonly policies: Readonly<Record<Standing["policy"], string>>;
} {
  const { max_requests_per_window: limit, window_seconds, max_tracked_keys: maxKeys } = config;
  const windowMs = window_seconds * 1_000;
  const quotas = {
    default: { limit, windowMs },
    reads: { limit: limit * READS_FACTOR, windowMs },
    pair: PAIR,
  } as const;
  return {
    limiters: {
      default: new RateLimiter({ ...quotas.default, maxKeys }),
      reads: new RateLimiter({ ...quotas.reads, maxKeys }),
      pair: new RateLimiter({ ...quotas.pair, maxKeys }),
    },
    policies: {
      default: policyField({ name: "default", ...quotas.default }),
      reads: policyField({ name: "reads", ...quotas.reads }),
      pair: policyField({ name: "pair", ...quotas.pair }),
    },
  };
}
