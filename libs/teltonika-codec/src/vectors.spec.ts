import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../test/code-of';
import { type CommandMessage, decodeCommand, encodeCommand, payloadOf } from './command';
import { decodeAvl, type DecodedRecord } from './decode';
import { encodeAvl } from './encode';
import { FrameReader, type ReadResult } from './framing';
import { readIoBlock } from './io';
import { decodeLogin, encodeAck, encodeLogin, LOGIN_ACCEPTED, LOGIN_REJECTED } from './login';
import { recordFlagNames } from './record';
import { decodeUdp, encodeUdp, encodeUdpAck } from './udp';
import { AvlWalk } from './walk';

const count = z.int().optional();
const place = { ts_ms: z.number(), lat: z.number(), lng: z.number(), speed: z.int(), event_io: z.int() };
const size = { io_total: z.int(), record_bytes: z.int() };
const fix = { lng_raw: z.int(), lat_raw: z.int(), altitude: z.int(), angle: z.int(), satellites: z.int() };
const groups = z.object({ n1: z.int(), n2: z.int(), n4: z.int(), n8: z.int(), nx: count });
const io = z.record(
  z.string(),
  z.union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]),
);
const firstRecord = z.object({
  ...place,
  ...size,
  ...fix,
  priority: z.int(),
  generation_type: count,
  io_count_ok: z.boolean(),
  group_counts: groups,
  io,
});
const avlExpect = z.object({
  codec: z.int(),
  records: z.int(),
  n2: z.int(),
  ack: z.string(),
  first: firstRecord,
  last: z.object({ ...place, ...size }),
});
const commandExpect = z.object({
  codec: z.int(),
  quantity: z.int(),
  messages: z.array(
    z.object({
      type: z.int(),
      text: z.string().optional(),
      hex: z.string().optional(),
      timestamp_s: count,
      imei: z.string().optional(),
    }),
  ),
});
const udpExpect = z.object({
  packet_id: z.int(),
  not_usable: z.int(),
  avl_packet_id: z.int(),
  imei: z.string(),
  codec: z.int(),
  records: z.int(),
  first: z.object({ ...place, ...fix, io }),
});
const loginExpect = z.object({ imei: z.string(), server_accept: z.string(), server_reject: z.string() });
const published = z.object({
  id: z.string(),
  transport: z.string(),
  kind: z.string(),
  valid: z.boolean(),
  hex: z.string(),
  crc: z.object({ ok: z.boolean() }).optional(),
  length_ok: z.boolean().optional(),
  expect: z.unknown().optional(),
});
const derived = z.object({
  id: z.string(),
  transport: z.string(),
  state: z.string(),
  ack: z.string().optional(),
  hex: z.string().optional(),
  chunks: z.array(z.string()).optional(),
});

const chosenFolder = process.env['ODOGRAPH_VECTORS'];
const folder = chosenFolder ?? resolve(__dirname, '../../../../shared/reference');
// A folder that was named must hold the files; only the usual place may be missing.
const isThere = chosenFolder !== undefined || existsSync(join(folder, 'vectors.jsonl'));

if (isThere) {
  describe('published vectors', publishedVectors);
  describe('derived vectors', derivedVectors);
} else {
  it.skip(`published vectors (no vectors.jsonl in ${folder}; ODOGRAPH_VECTORS names another folder)`, () =>
    undefined);
}

function publishedVectors(): void {
  const lines = readFileSync(join(folder, 'vectors.jsonl'), 'utf8').split('\n').filter(Boolean);
  const tcp = lines.map((line) => published.parse(JSON.parse(line))).filter((v) => v.transport === 'tcp');
  const named = (kind: string, valid: boolean) =>
    tcp.filter((v) => v.kind === kind && v.valid === valid).map((v) => [v.id, v] as const);

  it.each(named('login', true))('login %s', (_, { hex, expect: wanted }) => {
    const { imei, server_accept, server_reject } = loginExpect.parse(wanted);
    expect(decodeLogin(bytesOf(hex))).toBe(imei);
    expect(encodeLogin(imei).toString('hex')).toBe(hex);
    expect(LOGIN_ACCEPTED.toString('hex')).toBe(server_accept);
    expect(LOGIN_REJECTED.toString('hex')).toBe(server_reject);
  });

  it.each(named('avl', true))('valid AVL frame %s', (_, { hex, expect: wanted }) => {
    const frame = bytesOf(hex);
    const expected = avlExpect.parse(wanted);
    const { codecId, records } = decodeAvl(frame);
    expect(codecId).toBe(expected.codec);
    expect(records).toHaveLength(expected.records);
    expect(expected.n2).toBe(expected.records);
    expect(encodeAck(records.length).toString('hex')).toBe(expected.ack);
    expect(viewOfFirst(frame, records)).toEqual(expected.first);
    expect(viewOfPlace(frame, records, records.length - 1)).toEqual(expected.last);
    expect(encodeAvl({ codecId, records }).toString('hex')).toBe(hex);
    expect(afterLogin([frame])).toMatchObject([
      { kind: 'frame', envelope: 'ok', recordCount: expected.records },
    ]);
  });

  it.each(named('command', true))('command %s is delimited and never an AVL frame', (_, { hex }) => {
    expect(afterLogin([bytesOf(hex)])).toMatchObject([{ kind: 'command', frame: bytesOf(hex) }]);
  });

  it.each(named('avl', false))('invalid AVL frame %s is not decoded', (_, { hex, crc, length_ok }) => {
    expect(codeOf(() => decodeAvl(bytesOf(hex)))).not.toBe('accepted');
    if (crc?.ok === false && length_ok === true) {
      expect(afterLogin([bytesOf(hex)])).toMatchObject([
        { kind: 'rejected', code: 'CRC_MISMATCH', channel: 'avl' },
      ]);
    }
  });

  const vectors = lines.map((line) => published.parse(JSON.parse(line)));
  const ofKind = (transport: string, kind: string, valid: boolean) =>
    vectors
      .filter((v) => v.transport === transport && v.kind === kind && v.valid === valid)
      .map((v) => [v.id, v] as const);

  it.each(ofKind('tcp', 'command', true))('command %s', (_, { hex, expect: wanted }) => {
    const { codec, quantity, messages } = commandExpect.parse(wanted);
    const packet = decodeCommand(bytesOf(hex));
    expect(packet.codecId).toBe(codec);
    expect(packet.quantity ?? packet.messages.length).toBe(quantity);
    expect(packet.messages.map(viewOfMessage)).toEqual(messages.map(viewOfWanted));
    expect(encodeCommand(packet).toString('hex')).toBe(hex);
  });

  it.each(ofKind('tcp', 'command', false))('invalid command %s is not decoded', (_, { hex }) => {
    expect(codeOf(() => decodeCommand(bytesOf(hex)))).toMatch(/^(CRC_MISMATCH|LENGTH_INVALID)$/);
  });

  it.each(ofKind('udp', 'avl', true))('datagram %s', (_, { hex, expect: wanted }) => {
    const expected = udpExpect.parse(wanted);
    const [packet, ...others] = decodeUdp(bytesOf(hex));
    if (packet === undefined) throw new Error('nothing decoded');
    const { header, codecId, records } = packet;
    expect(others).toEqual([]);
    expect(header).toEqual({
      packetId: expected.packet_id,
      packetType: expected.not_usable,
      avlPacketId: expected.avl_packet_id,
      imei: expected.imei,
    });
    expect([codecId, records.length]).toEqual([expected.codec, expected.records]);
    const [first] = records;
    expect(first).toMatchObject({
      timestampMs: expected.first.ts_ms,
      altitudeM: expected.first.altitude,
      latitude: expected.first.lat_raw,
      longitude: expected.first.lng_raw,
      eventIoId: expected.first.event_io,
    });
    const shown = first?.io.map(({ id, value }) => [String(id), shownValue(value)]) ?? [];
    expect(Object.fromEntries(shown)).toEqual(expected.first.io);
    expect(encodeUdp(packet).toString('hex')).toBe(hex);
  });

  it.each(ofKind('udp', 'avl', false))('invalid datagram %s is not decoded', (id, { hex }) => {
    // Four channel packets in one datagram, which the corpus counts as one of a wrong length.
    if (id === 'filipkroca-udp-c8e-1') expect(decodeUdp(bytesOf(hex))).toHaveLength(4);
    else expect(codeOf(() => decodeUdp(bytesOf(hex)))).not.toBe('accepted');
  });

  it('are all there', () => {
    expect(vectors).toHaveLength(228);
    const frames = named('avl', true).map(([, v]) => avlExpect.parse(v.expect));
    const extended = frames.filter((f) => f.codec !== 0x10);
    expect(extended).toHaveLength(167);
    expect(extended.reduce((sum, f) => sum + f.records, 0)).toBe(231);
  });
}

const frame = (recordCount: number, envelope = 'ok') => ({ kind: 'frame', recordCount, envelope });
const fatal = (code: string) => ({ kind: 'fatal', code });
const waiting = (needed: number) => ({ kind: 'incomplete', needed });
const rejected = { kind: 'rejected', code: 'CRC_MISMATCH', recordCount: 1 };
const login = { kind: 'login', imei: '356307042441013' };
const ping = { kind: 'ping' };

/** What the reader makes of the bytes. Frames with an error code are those that the edge parks and the walk refuses. */
const REACTIONS: Record<
  string,
  { readonly results: object[]; readonly walk?: string; readonly flags?: string[] }
> = {
  'neg-crc-flip': { results: [rejected] },
  'neg-crc-high-bytes': { results: [rejected] },
  'neg-n2-mismatch-crc-ok': { results: [frame(1, 'count-mismatch')], walk: 'COUNT_MISMATCH' },
  'neg-zero-records': { results: [frame(0)] },
  'neg-empty-codec12': { results: [{ kind: 'command', quantity: 0 }] },
  'neg-priority-3': { results: [frame(1)], flags: ['fixInvalid'] },
  'neg-priority-200': { results: [frame(1)], flags: ['unknownPriority', 'fixInvalid'] },
  'neg-io-total-too-big': { results: [frame(1)], flags: ['ioTotalMismatch', 'fixInvalid'] },
  'neg-io-total-too-small': { results: [frame(1)], flags: ['ioTotalMismatch', 'fixInvalid'] },
  'neg-n1-group-overrun': { results: [frame(1)], walk: 'RECORD_OVERRUN' },
  'neg-nx-length-huge': { results: [frame(1)], walk: 'RECORD_OVERRUN' },
  'neg-nx-count-huge': { results: [frame(1)], walk: 'RECORD_OVERRUN' },
  'edge-nx-zero-length': { results: [frame(1)], flags: ['ioTotalMismatch', 'fixInvalid'] },
  'neg-trailing-byte': { results: [frame(1)], walk: 'TRAILING_BYTES' },
  'neg-length-0': { results: [fatal('LENGTH_INVALID')] },
  'neg-length-2': { results: [fatal('LENGTH_INVALID')] },
  'neg-length-4gib': { results: [fatal('LENGTH_INVALID')] },
  'neg-length-negative-i32': { results: [fatal('LENGTH_INVALID')] },
  'neg-length-64k': { results: [fatal('LENGTH_INVALID')] },
  'neg-preamble': { results: [fatal('PREAMBLE_INVALID')] },
  'neg-http': { results: [fatal('NOT_TELTONIKA')] },
  'neg-tls-hello': { results: [fatal('NOT_TELTONIKA')] },
  'neg-imei-len-0': { results: [fatal('FRAME_BEFORE_LOGIN')] },
  'neg-imei-len-ffff': { results: [ping, ping, fatal('NOT_TELTONIKA')] },
  'neg-imei-14': { results: [fatal('LOGIN_INVALID')] },
  'neg-imei-letters': { results: [fatal('LOGIN_INVALID')] },
  'neg-avl-before-login': { results: [fatal('FRAME_BEFORE_LOGIN')] },
  'neg-double-login': { results: [login] },
  'neg-codec-09': { results: [frame(1, 'codec-unknown')], walk: 'CODEC_UNKNOWN' },
  'neg-gen-type-9': { results: [frame(2)], flags: ['unknownGenerationType', 'fixInvalid'] },
  'edge-ts-zero': { results: [frame(1)], flags: ['timestampInvalid', 'fixInvalid'] },
  'edge-ts-2^53+': { results: [frame(1)], flags: ['timestampInvalid', 'fixInvalid'] },
  'edge-ts-future': { results: [frame(1)], flags: ['fixInvalid'] },
  'edge-coord-out-of-range': { results: [frame(1)], flags: ['fixInvalid'] },
  'edge-sat0-lastfix': { results: [frame(1)], flags: ['fixInvalid'] },
  'edge-negative-altitude': { results: [frame(1)], flags: ['fixInvalid'] },
  'edge-8byte-max': { results: [frame(1)], flags: ['fixInvalid'] },
  'edge-split-every-byte': { results: [frame(1)] },
  'edge-login-and-data-coalesced': { results: [login, frame(1)] },
  'edge-ping-then-login': { results: [ping, login] },
  'edge-ping-then-frame': { results: [ping, frame(1)] },
  'edge-ping-between-two-frames': { results: [frame(1), ping, frame(1)] },
  'edge-two-frames-one-segment': { results: [frame(1), frame(1)] },
  'edge-half-frame-then-close': { results: [waiting(36)] },
  'edge-slowloris': { results: [waiting(1)] },
};

function derivedVectors(): void {
  const file = readFileSync(join(folder, 'vectors-derived.json'), 'utf8');
  const all = z.array(derived).parse(JSON.parse(file));
  const tcp = all.filter((v) => v.transport === 'tcp');
  const udp = all.filter((v) => v.transport === 'udp');

  it('have a reaction written down each', () => {
    const written = [...Object.keys(REACTIONS), ...Object.keys(UDP_REACTIONS)].sort();
    expect(all.map((v) => v.id).sort()).toEqual(written);
    expect(all).toHaveLength(52);
  });

  it.each(udp.map((v) => [v.id, v] as const))('%s', (id, { hex, ack }) => {
    const datagram = bytesOf(hex ?? '');
    const wanted = UDP_REACTIONS[id] ?? '';
    const code = codeOf(() => decodeUdp(datagram));
    expect(code === 'accepted' ? ackOf(datagram) : code).toBe(wanted);
    if (ack !== undefined) expect(wanted).toBe(ack);
  });

  it.each(tcp.map((v) => [v.id, v] as const))('%s', (id, { state, hex, chunks }) => {
    const reaction = REACTIONS[id];
    if (reaction === undefined) throw new Error(`no reaction is written down for ${id}`);
    const bytes = (chunks ?? [hex ?? '']).map(bytesOf);
    const results = state === 'new' ? read(new FrameReader(), bytes) : afterLogin(bytes);
    const wantsMore = reaction.results.some((r) => 'needed' in r);
    const shown = wantsMore ? results : results.filter((r) => r.kind !== 'incomplete');
    expect(shown).toMatchObject(reaction.results);
    expect(shown).toHaveLength(reaction.results.length);
    for (const result of shown) if (result.kind === 'frame') expectWalk(result.frame, reaction);
  });

  it('edge-negative-altitude and edge-8byte-max come out exact', () => {
    const records = (id: string) => decodeAvl(bytesOf(tcp.find((v) => v.id === id)?.hex ?? '')).records;
    expect(records('edge-negative-altitude')[0]?.altitudeM).toBe(-6);
    expect(records('edge-8byte-max')[0]?.io.at(-1)?.value).toBe(2n ** 64n - 1n);
    expect(records('edge-ts-2^53+')[0]?.timestampMs).toBe(2n ** 64n - 1n);
  });
}

function expectWalk(
  bytes: Buffer,
  { walk, flags }: { readonly walk?: string; readonly flags?: string[] },
): void {
  if (walk !== undefined) {
    expect(codeOf(() => decodeAvl(bytes))).toBe(walk);
    return;
  }
  const packet = decodeAvl(bytes);
  expect(encodeAvl(packet).equals(bytes)).toBe(true);
  if (flags !== undefined) expect(recordFlagNames(packet.records[0]?.flags ?? 0)).toEqual(flags);
}

/** What becomes of a datagram: the ack of each channel packet, or the code it is dropped with. */
const UDP_REACTIONS: Record<string, string> = {
  'udp-ok': '0005cafe010501',
  'udp-type-0': '0005cafe010501',
  'udp-two-channel-packets': '0005cafe0105010005cafe010501',
  'udp-length-mismatch': 'LENGTH_INVALID',
  'udp-truncated': 'LENGTH_INVALID',
  'udp-imei-14': 'LENGTH_INVALID',
  'udp-n2-mismatch': 'COUNT_MISMATCH',
};

function ackOf(datagram: Buffer): string {
  const acks = decodeUdp(datagram).map(({ header, records }) =>
    encodeUdpAck({ ...header, recordCount: records.length }),
  );
  return Buffer.concat(acks).toString('hex');
}

function viewOfMessage({ type, payload, timestampS, imei }: CommandMessage) {
  return { type, hex: payload.toString('hex'), timestampS, imei };
}

function viewOfWanted(wanted: z.infer<typeof commandExpect>['messages'][number]) {
  const { type, text, hex, timestamp_s, imei } = wanted;
  return { type, hex: hex ?? payloadOf(text ?? '').toString('hex'), timestampS: timestamp_s, imei };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function read(reader: FrameReader, chunks: Buffer[]): ReadResult[] {
  return chunks.flatMap((chunk) => {
    reader.push(chunk);
    const results: ReadResult[] = [];
    for (;;) {
      const result = reader.next();
      results.push(result);
      if (result.kind === 'incomplete' || result.kind === 'fatal') return results;
    }
  });
}

/** The results behind a login; a last 'incomplete' between frames is left out. */
function afterLogin(chunks: Buffer[]): ReadResult[] {
  const reader = new FrameReader();
  read(reader, [encodeLogin('356307042441013')]);
  const results = read(reader, chunks);
  return reader.bufferedBytes === 0 ? results.filter((r) => r.kind !== 'incomplete') : results;
}

function viewOfPlace(frame: Buffer, records: readonly DecodedRecord[], index: number) {
  const r = records[index];
  const walk = new AvlWalk();
  const walked = walk.read(frame)[index];
  if (r === undefined || walked === undefined) throw new Error(`no record ${index}`);
  return {
    ts_ms: r.timestampMs,
    lat: expect.closeTo(r.latitude / 1e7, 9) as number,
    lng: expect.closeTo(r.longitude / 1e7, 9) as number,
    speed: r.speedKmh,
    event_io: r.eventIoId,
    io_total: r.declaredIoTotal ?? r.io.length,
    record_bytes: walked.recordEnd - walked.recordStart,
  };
}

function viewOfFirst(frame: Buffer, records: readonly DecodedRecord[]) {
  const [r] = records;
  const walk = new AvlWalk();
  const [walked] = walk.read(frame);
  if (r === undefined || walked === undefined) throw new Error('no first record');
  const groupCount = (wanted: unknown) => r.io.filter((e) => e.size === wanted).length;
  const block = readIoBlock(walk.ioBytes(walked), walk.codecId ?? 0);
  return {
    ...viewOfPlace(frame, records, 0),
    lng_raw: r.longitude,
    lat_raw: r.latitude,
    altitude: r.altitudeM,
    angle: r.angleDeg,
    satellites: r.satellites,
    priority: r.priority,
    ...(r.generationType === undefined ? {} : { generation_type: r.generationType }),
    io_count_ok: block.declaredIoTotal === block.elements.length,
    group_counts: {
      n1: groupCount(1),
      n2: groupCount(2),
      n4: groupCount(4),
      n8: groupCount(8),
      ...(walk.codecId === 0x8e ? { nx: groupCount('variable') } : {}),
    },
    io: Object.fromEntries(r.io.map(({ id, value }) => [String(id), shownValue(value)])),
  };
}

function shownValue(value: number | bigint | Buffer): number | string {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? value.toString(16).padStart(16, '0') : value.toString('hex');
}
