/** A UUIDv7 (RFC 9562 §5.7): ids sort by the time they were made. */
export function newId(nowMs: number): string {
  return Bun.randomUUIDv7("hex", nowMs);
}

/** The time inside a UUIDv7, in milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
