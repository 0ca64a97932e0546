import { randomBytes } from 'node:crypto';

const PATTERN = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A new W3C trace: `00-<trace id>-<span id>-<flags>` (W3C Trace Context, section 3.2). */
export function newTraceparent(sampled = false): string {
  if (freshAt === fresh.length) refill();
  const traceparent = fresh.toString('latin1', freshAt, freshAt + TRACEPARENT_BYTES);
  freshAt += TRACEPARENT_BYTES;
  return sampled ? `${traceparent.slice(0, -1)}1` : traceparent;
}

/** A child of the given trace: same trace id, new span id; a new trace where the text is none. */
export function childTraceparent(parent: string | undefined): string {
  const match = parent === undefined ? null : PATTERN.exec(parent);
  const [, traceId, , flags] = match ?? [];
  return traceId === undefined || flags === undefined
    ? newTraceparent()
    : `00-${traceId}-${randomHex(8)}-${flags}`;
}

/** The trace id of a traceparent, for correlation in logs and intents. */
export function traceIdOf(traceparent: string): string | undefined {
  return PATTERN.exec(traceparent)?.[1];
}

const TRACEPARENT_BYTES = 55;
const FRESH_TRACEPARENTS = 512;
/** Traceparents in a row: every frame needs one, and one cut out of many is one text where a template makes nine. */
const fresh = Buffer.alloc(FRESH_TRACEPARENTS * TRACEPARENT_BYTES);
let freshAt = fresh.length;

function refill(): void {
  const ids = randomBytes(FRESH_TRACEPARENTS * 24).toString('hex');
  for (let number = 0; number < FRESH_TRACEPARENTS; number += 1) {
    const at = number * 48;
    const text = `00-${ids.slice(at, at + 32)}-${ids.slice(at + 32, at + 48)}-00`;
    fresh.write(text, number * TRACEPARENT_BYTES, 'latin1');
  }
  freshAt = 0;
}

// One draw of system randomness serves many ids: a draw for each would cost more than the rest of a record's way.
const POOL_BYTES = 24_576;
let pool: Buffer = Buffer.alloc(0);
let used = 0;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
