import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '@app/common/testing';
import { encodeAck } from '@app/teltonika-codec';
import { type TestDevice } from './device.testing';
import { TestEdge } from './edge.testing';
import { frameOf, IMEI } from './session.testing';

/* The published and derived vectors, as a device would send them. */

const published = z.object({
  transport: z.string(),
  kind: z.string(),
  valid: z.boolean(),
  hex: z.string(),
  expect: z.object({ ack: z.string().optional() }).optional(),
});
const derived = z.object({
  id: z.string(),
  transport: z.string(),
  state: z.string(),
  reaction: z.string(),
  ack: z.string().optional(),
  hex: z.string().optional(),
  chunks: z.array(z.string()).optional(),
});

const named = process.env['ODOGRAPH_VECTORS'];
const folder = named ?? join(repositoryRoot(), '../shared/reference');
// A folder that was named must hold the files; only the usual place may be missing.
const isThere = named !== undefined || existsSync(join(folder, 'vectors.jsonl'));

/** Kept with the count in byte 9: resending these cannot help, whatever the ack written beside them (contracts, 6). */
const KEPT_WITH_N1 = new Set([
  'neg-n2-mismatch-crc-ok',
  'neg-n1-group-overrun',
  'neg-nx-length-huge',
  'neg-nx-count-huge',
  'neg-trailing-byte',
  'neg-codec-09',
]);
/** Of time and of closing in the middle; bad-session.int-spec.ts has them. */
const NOT_BY_BYTES = new Set(['edge-half-frame-then-close', 'edge-slowloris']);
/** Answered with nothing, and the connection stays. */
const SILENT = new Set(['neg-empty-codec12']);
const REJECTED_LOGINS = new Set(['neg-imei-14', 'neg-imei-letters']);
/** The login's own IMEI again. */
const ANSWERED_YES = new Set(['neg-double-login']);

let edge: TestEdge;
beforeEach(async () => {
  edge = await TestEdge.listen();
});
afterEach(() => edge.close());

if (isThere) {
  describe('published vectors', publishedVectors);
  describe('derived vectors', derivedVectors);
} else {
  it.skip(`published vectors (no vectors.jsonl in ${folder}; ODOGRAPH_VECTORS names another folder)`, () =>
    undefined);
}

function publishedVectors(): void {
  const frames = readFileSync(join(folder, 'vectors.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => published.parse(JSON.parse(line)))
    .filter(({ transport, kind, valid }) => transport === 'tcp' && kind === 'avl' && valid);

  it('every valid AVL frame is kept as it came and acknowledged, all sent at once', async () => {
    expect(frames.length).toBeGreaterThan(160);
    const device = await edge.logIn(IMEI);
    // Devices wait for each ack; the edge must not rely on it.
    device.send(Buffer.concat(frames.map(({ hex }) => Buffer.from(hex, 'hex'))));
    const acks = await device.next(4 * frames.length);
    expect(acks).toBe(frames.map(({ expect: wanted }) => wanted?.ack).join(''));
    expect(edge.kit.sink.appended.map(({ entry }) => entry.frame.toString('hex'))).toEqual(
      frames.map(({ hex }) => hex),
    );
  });
}

function derivedVectors(): void {
  const vectors = z
    .array(derived)
    .parse(JSON.parse(readFileSync(join(folder, 'vectors-derived.json'), 'utf8')))
    .filter(({ id, transport }) => transport === 'tcp' && !NOT_BY_BYTES.has(id));

  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (id, vector) => {
    const isNew = vector.state === 'new';
    const device = isNew ? await edge.connect() : await edge.logIn(IMEI);
    const chunks = (vector.chunks ?? [vector.hex ?? '']).map((chunk) => Buffer.from(chunk, 'hex'));
    for (const chunk of chunks) device.send(chunk);
    const answer = answerTo(id, vector.ack, chunks);
    if (answer === undefined) {
      expect(await device.closed()).toBe(isNew ? (REJECTED_LOGINS.has(id) ? '00' : '') : '01');
      expect(edge.kit.sink.attempts).toBe(0);
    } else {
      await expectAnswer(device, answer);
    }
  });
}

/** Undefined where the connection is closed. */
function answerTo(id: string, ack: string | undefined, chunks: readonly Buffer[]): string | undefined {
  if (SILENT.has(id)) return '';
  if (ANSWERED_YES.has(id)) return '01';
  if (KEPT_WITH_N1.has(id)) return encodeAck(Buffer.concat(chunks).readUInt8(9)).toString('hex');
  return ack?.replaceAll('|', '');
}

/** The answer and nothing more, as the ack of a further frame right behind it proves. */
async function expectAnswer(device: TestDevice, wanted: string): Promise<void> {
  device.send(frameOf(9));
  const all = wanted + encodeAck(9).toString('hex');
  expect(await device.next(all.length / 2)).toBe(all);
}
