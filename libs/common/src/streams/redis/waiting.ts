import { compareEntryIds } from '../entries';
import { type BlockingCommands } from './blocking-reads';
import { asText, entriesOf, list } from './reply';

/** A stream and the first entry behind where its reader stands. */
export type Grown = readonly [stream: string, id: string];

/** Waits for streams to grow; hands out nothing. */
export interface EntryWaiter {
  /** Empty after `timeoutMs` or on abort. */
  grown(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<readonly Grown[]>;
}

/** One entry tells that a stream grew. */
const readBehind = (after: ReadonlyMap<string, string>, blockMs: number): (string | number)[] => [
  ...['COUNT', 1, 'BLOCK', blockMs, 'STREAMS'],
  ...[...after.keys(), ...after.values()],
];

function grownOf(reply: unknown): Grown[] {
  if (reply === undefined || reply === null) return [];
  return list(reply).flatMap((item) => {
    const [stream, entries] = list(item);
    return entriesOf(entries).map(({ id }) => [asText(stream), id] as const);
  });
}

/** All streams of one server in one read. */
export class SingleWaiter implements EntryWaiter {
  constructor(private readonly blocking: BlockingCommands) {}

  async grown(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<readonly Grown[]> {
    const [key = ''] = after.keys();
    const args = readBehind(after, Math.max(1, timeoutMs));
    return grownOf(
      await this.blocking.read(key, timeoutMs, signal, (redis) => redis.callBuffer('XREAD', ...args)),
    );
  }
}

/** So long a wait stands that nobody is interested in any more, such as that of a shard that was given away. */
const STANDING_MS = 5000;

/**
 * A read of a cluster holds one slot, so every stream has a wait of its own. Those that did not end stand for the next
 * call: ending and beginning all of them for each entry would cost more than the entries.
 */
export class ClusterWaiter implements EntryWaiter {
  private readonly standing = new Map<string, Promise<string | undefined>>();
  private readonly always = new AbortController().signal;

  constructor(private readonly blocking: BlockingCommands) {}

  async grown(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<readonly Grown[]> {
    if (signal.aborted) return [];
    const ended = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let onAbort: () => void = () => undefined;
    const over = new Promise<readonly Grown[]>((resolve) => {
      timer = setTimeout(() => resolve([]), timeoutMs);
      onAbort = () => resolve([]);
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([
        over,
        ...[...after].map(([stream, id]) => this.one(stream, id, ended.signal)),
      ]);
    } finally {
      ended.abort();
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Settles when the stream has grown, or, meaning nothing, after `ended`. */
  private async one(stream: string, after: string, ended: AbortSignal): Promise<readonly Grown[]> {
    while (!ended.aborted) {
      const id = await this.wait(stream, after);
      // A wait from before may tell of an entry that has been read meanwhile.
      if (id !== undefined && compareEntryIds(id, after) > 0) return [[stream, id]];
    }
    return [];
  }

  private wait(stream: string, after: string): Promise<string | undefined> {
    const known = this.standing.get(stream);
    if (known !== undefined) return known;
    const wait = this.begin(stream, after).finally(() => this.standing.delete(stream));
    this.standing.set(stream, wait);
    return wait;
  }

  private async begin(stream: string, after: string): Promise<string | undefined> {
    const args = readBehind(new Map([[stream, after]]), STANDING_MS);
    const reply = await this.blocking.read(stream, STANDING_MS, this.always, (redis) =>
      redis.callBuffer('XREAD', ...args),
    );
    return grownOf(reply)[0]?.[1];
  }
}
