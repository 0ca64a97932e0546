import { cpus, loadavg } from 'node:os';
import { framesOf, type FrameShape, recordsIn, SMALL, USUAL } from './frames';
import { compareRates, heapBytesPerRecord, type Rates } from './measure';
import { crcPass, decodePass, peerPass } from './passes';

const ROUNDS = 400;
const PEER_ROUNDS = 40;
const PEER_FRAMES = 4;
const TARGET = 0.5;
const PEER_TARGET = 30;
const HEAP_TARGET_BYTES = 64;

interface Row {
  readonly shape: FrameShape;
  readonly frameBytes: number;
  readonly crc: Rates;
  readonly peerRatio: number;
  readonly heapBytes: number;
}

/** Decoding with full validation against the CRC alone and against a peer, all in one run. */
function main(): void {
  const loadBefore = loadavg()[0] ?? NaN;
  const rows = [USUAL, SMALL].map(measure);
  for (const row of rows) process.stderr.write(`${describe(row)}\n`);
  const [usual] = rows;
  if (usual === undefined) throw new Error('nothing was measured');
  process.stdout.write(`${JSON.stringify(resultOf(usual, rows, loadBefore))}\n`);
}

function measure(shape: FrameShape): Row {
  const frames = framesOf(shape);
  const few = frames.slice(0, PEER_FRAMES);
  const crc = compareRates(crcPass(frames), decodePass(frames), recordsIn(frames), ROUNDS);
  const peer = compareRates(peerPass(few), decodePass(few), recordsIn(few), PEER_ROUNDS);
  const heapBytes = heapBytesPerRecord(decodePass(frames), recordsIn(frames));
  return { shape, frameBytes: frames[0]?.length ?? 0, crc, peerRatio: peer.ratio, heapBytes };
}

function describe({ shape, frameBytes, crc, peerRatio, heapBytes }: Row): string {
  return [
    `${shape.name}, ${frameBytes} bytes a frame:`,
    `decode ${millions(crc.valuePerS)} records/s,`,
    `CRC alone ${millions(crc.limitPerS)},`,
    `ratio ${crc.ratio.toFixed(3)} (target ${TARGET}),`,
    `${peerRatio.toFixed(0)} times complete-teltonika-parser (target ${PEER_TARGET}),`,
    `${heapBytes.toFixed(1)} bytes of heap a record (at most ${HEAP_TARGET_BYTES})`,
  ].join(' ');
}

function resultOf(usual: Row, rows: readonly Row[], loadBefore: number): object {
  return {
    name: 'codec',
    ratio: round(usual.crc.ratio, 3),
    target: TARGET,
    peerRatio: round(usual.peerRatio, 1),
    peerTarget: PEER_TARGET,
    value: Math.round(usual.crc.valuePerS),
    limit: Math.round(usual.crc.limitPerS),
    unit: 'records/s',
    heapBytesPerRecord: round(usual.heapBytes, 1),
    shapes: rows.map(({ shape, frameBytes, crc, peerRatio, heapBytes }) => ({
      name: shape.name,
      frameBytes,
      ratio: round(crc.ratio, 3),
      peerRatio: round(peerRatio, 1),
      value: Math.round(crc.valuePerS),
      heapBytesPerRecord: round(heapBytes, 1),
    })),
    conditions: {
      frames: 'codec 8E, 20 records a frame, 64 distinct frames',
      limit: 'CRC-16 of the same bytes, nothing else',
      rounds: ROUNDS,
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      loadBefore: round(loadBefore, 2),
      loadAfter: round(loadavg()[0] ?? NaN, 2),
    },
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
const millions = (perS: number): string => `${(perS / 1e6).toFixed(2)} M`;

main();
