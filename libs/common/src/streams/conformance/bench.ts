import { randomBytes } from 'node:crypto';
import { type Fields, type StreamEntry } from '../entries';
import { type OwnedRead, type OwnedReadRequest, type Streams } from '../port';

/** What the suite asks of an adapter under test. */
export interface Bench {
  /** Two clients of one store, as two processes have them. */
  readonly a: Streams;
  readonly b: Streams;
  readonly surgery: Surgery;
  close(): Promise<void>;
}

/** What operators, accidents and restored backups do to a store behind the port's back. */
export interface Surgery {
  deleteKey(name: string): Promise<void>;
  deleteEntry(stream: string, id: string): Promise<void>;
  /** All fields, to put them back later as an older backup does. */
  readHash(name: string): Promise<Record<string, string>>;
  replaceHash(name: string, fields: Record<string, string>): Promise<void>;
  /** Puts a value that is no stream under the name. */
  putText(name: string, value: string): Promise<void>;
}

export type BenchOf = () => Bench;

/** A stream name of this test's own, with a hash tag as telemetry shards have. */
export const newShard = (): string => `telemetry:test:{${randomBytes(6).toString('hex')}}`;
/** One without, as outbox targets have. */
export const newTopic = (): string => `topic:${randomBytes(6).toString('hex')}`;

export const GROUP = 'processor';
export const NEVER = new AbortController().signal;

export const numbered = (n: number): Fields => ({ n: String(n) });

export async function fill(streams: Streams, stream: string, count: number, from = 0): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => streams.append(stream, numbered(from + i))));
}

export const numbersOf = (entries: readonly StreamEntry[]): number[] =>
  entries.map(({ fields }) => Number(fields.get('n')?.toString()));

export const idsOf = (entries: readonly StreamEntry[]): string[] => entries.map(({ id }) => id);

/** Reads as an owner and insists on not being stale. */
export async function readAs(
  streams: Streams,
  stream: string,
  request: Partial<OwnedReadRequest> = {},
): Promise<Extract<OwnedRead, { kind: 'entries' }>> {
  const read = await streams.readOwned({
    stream,
    group: GROUP,
    consumer: 'one',
    epoch: 1n,
    count: 100,
    ...request,
  });
  if (read.kind === 'stale') throw new Error(`stale: the stream belongs to epoch ${read.ownEpoch}`);
  return read;
}
