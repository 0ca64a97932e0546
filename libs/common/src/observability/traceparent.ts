import { randomBytes } from 'node:crypto';

const PATTERN = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A new W3C trace: `00-<trace id>-<span id>-<flags>` (W3C Trace Context, section 3.2). */
export function newTraceparent(sampled = false): string {
  if (freshAt === fresh.length) refill();
  const traceparent = fresh.slice(freshAt, freshAt + TRACEPARENT_BYTES);
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
/** Where the hex digits of a traceparent begin that are random, and how many bytes they are of. */
const RANDOM_PARTS = [
  { at: 3, bytes: 16 },
  { at: 36, bytes: 8 },
] as const;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const TEMPLATE = Buffer.from(
  `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`.repeat(FRESH_TRACEPARENTS),
  'latin1',
);
/** Traceparents in a row: every frame needs one, and one cut out of a long text costs no call out of V8. */
let fresh = '';
let freshAt = 0;

function refill(): void {
  const random = randomBytes(FRESH_TRACEPARENTS * 24);
  let used = 0;
  for (let start = 0; start < TEMPLATE.length; start += TRACEPARENT_BYTES) {
    for (const { at, bytes } of RANDOM_PARTS) {
      used = writeHex(random, used, bytes, start + at);
    }
  }
  fresh = TEMPLATE.toString('latin1');
  freshAt = 0;
}

function writeHex(random: Buffer, from: number, bytes: number, at: number): number {
  for (let index = 0; index < bytes; index += 1) {
    const byte = random[from + index] ?? 0;
    TEMPLATE[at + index * 2] = HEX[byte >> 4] ?? 0;
    TEMPLATE[at + index * 2 + 1] = HEX[byte & 15] ?? 0;
  }
  return from + bytes;
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
