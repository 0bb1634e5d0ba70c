/** What became of a setting of the Rust ZeroClaw. */
export interface RustKey {
  /** Our key for the same thing. */
  readonly replacement?: string;
  /** Why there is none, or how the replacement differs. */
  readonly note: string;
}

/** The Rust ZeroClaw's keys in `[gateway]`, which must not be taken for ours and silently do nothing. */
export const RUST_GATEWAY_KEYS: Readonly<Record<string, RustKey>> = {
  require_pairing: { note: "pairing is always required" },
  allow_public_bind: { note: "gateway.host alone decides, with a warning when others can connect" },
  pair_rate_limit_per_minute: { note: "it is always 10 a minute" },
  webhook_rate_limit_per_minute: {
    replacement: "gateway.rate_limit.max_requests_per_window",
    note: "the window is gateway.rate_limit.window_seconds",
  },
  rate_limit_max_keys: { replacement: "gateway.rate_limit.max_tracked_keys", note: "the meaning is the same" },
  idempotency_ttl_secs: { note: "keys are remembered for 7 days" },
  idempotency_max_keys: { replacement: "gateway.idempotency.max_keys", note: "the meaning is the same" },
  trust_forwarded_headers: {
    replacement: "gateway.trusted_proxies",
    note: "it lists the proxies that are believed",
  },
  node_control: { note: "there are no nodes to control" },
  allow_remote_admin: { note: "administration is for owners' devices, and for this machine's user by a socket" },
  path_prefix: { note: "a proxy that adds a prefix has to take it off" },
  session_persistence: { note: "sessions are always kept" },
  session_ttl_hours: { note: "sessions are kept until they are deleted" },
  websocket_ping_interval_secs: { note: "pings are sent every 25 s" },
  pairing_dashboard: { note: "codes are valid for 15 minutes and lock an address after 5 wrong ones" },
  web_dist_dir: { note: "the console is part of the program" },
  tls: { note: "put a reverse proxy with TLS in front" },
  request_timeout_secs: {
    replacement: "gateway.wait_seconds",
    note: "that is the wait for the agent; a request must arrive within 30 s",
  },
  long_running_request_timeout_secs: { replacement: "agent.timeout_seconds", note: "it bounds one answer" },
  check_updates: { note: "the gateway asks nobody for updates" },
  allow_self_upgrade: { note: "the gateway does not replace itself" },
};

/** Variables that the Rust ZeroClaw reads and we do not → ours. */
export const RUST_ENVIRONMENT: Readonly<Record<string, string>> = {
  ZEROCLAW_GATEWAY_PORT: "ZEROCLAW_GATEWAY__PORT",
  ZEROCLAW_GATEWAY_HOST: "ZEROCLAW_GATEWAY__HOST",
  ZEROCLAW_GATEWAY_TIMEOUT_SECS: "ZEROCLAW_GATEWAY__WAIT_SECONDS",
  ZEROCLAW_API_KEY: "ZEROCLAW_AGENT__API_KEY",
  ZEROCLAW_PROVIDER: "ZEROCLAW_AGENT__PROVIDER",
  ZEROCLAW_MODEL: "ZEROCLAW_AGENT__MODEL",
  ZEROCLAW_WHATSAPP_APP_SECRET: "ZEROCLAW_CHANNELS__WHATSAPP__APP_SECRET",
  ZEROCLAW_GITHUB_TOKEN: "ZEROCLAW_CHANNELS__GITHUB__ACCESS_TOKEN",
  ZEROCLAW_GITHUB_WEBHOOK_SECRET: "ZEROCLAW_CHANNELS__GITHUB__SECRET",
};
