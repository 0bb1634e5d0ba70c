export interface IdempotencyRecord {
  /** Device and route: one client cannot see another's answers. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of the request's body, lower-case hex. */
  readonly fingerprint: string;
  /** The run whose state is the answer; or null, and the answer is `status` and `body`. */
  readonly run_id: string | null;
  readonly status: number;
  readonly body: string;
  readonly created_at: number;
}

export interface IdempotencyStore {
  get(scope: string, key: string): Promise<IdempotencyRecord | null>;
  put(record: IdempotencyRecord): Promise<void>;
  remove(scope: string, key: string): Promise<void>;
  /** Forgets at most `limit` records made before `before`. Returns how many. */
  purge(before: number, limit: number): Promise<number>;
}
