import { OdographError } from '../../errors';
import { type Fields } from '../entries';
import { MemoryStream } from './memory-stream';

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

type Value = MemoryStream | Map<string, string> | string;

/**
 * What several {@link MemoryStreams} share, as several processes share one Redis. Single steps are atomic, since nothing
 * in here awaits. Tests may take keys away, put others in their place and switch the server off.
 */
export class MemoryServer {
  /** False: every verb rejects with REDIS_UNREACHABLE and has done nothing. */
  reachable = true;
  /** Another one after a restart. */
  boot = 'first';
  /** Set, e.g. to `OOM …`: every added entry is refused with these words. */
  refusal: string | undefined;

  private readonly values = new Map<string, Value>();
  private readonly waiting = new Set<() => void>();

  /** @param now milliseconds since 1970; what ids, ages and idle times are made of. */
  constructor(readonly now: () => number = Date.now) {}

  /** Adds an entry and wakes who waits. @throws OdographError STREAM_REFUSED */
  add(name: string, fields: Fields): string {
    const added = this.tryAdd(name, fields);
    if (typeof added === 'object') throw refused(added.error);
    return added;
  }

  /** The id of the entry, or the words of the refusal. */
  tryAdd(name: string, fields: Fields): string | { error: string } {
    if (this.refusal !== undefined) return { error: this.refusal };
    if (Object.keys(fields).length === 0) return { error: 'ERR wrong number of arguments' };
    const value = this.values.get(name) ?? new MemoryStream();
    if (!(value instanceof MemoryStream)) return { error: WRONG_TYPE };
    this.values.set(name, value);
    const id = value.add(fields, this.now());
    for (const wake of [...this.waiting]) wake();
    return id;
  }

  /** @throws OdographError STREAM_REFUSED when the key is of another type. */
  stream(name: string): MemoryStream | undefined {
    const value = this.values.get(name);
    if (value === undefined || value instanceof MemoryStream) return value;
    throw refused(WRONG_TYPE);
  }

  makeStream(name: string): MemoryStream {
    const stream = this.stream(name) ?? new MemoryStream();
    this.values.set(name, stream);
    return stream;
  }

  hash(name: string): Map<string, string> | undefined {
    const value = this.values.get(name);
    if (value === undefined || value instanceof Map) return value;
    throw refused(WRONG_TYPE);
  }

  makeHash(name: string): Map<string, string> {
    const hash = this.hash(name) ?? new Map<string, string>();
    this.values.set(name, hash);
    return hash;
  }

  text(name: string): string | undefined {
    const value = this.values.get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw refused(WRONG_TYPE);
  }

  put(name: string, value: string | Map<string, string>): void {
    this.values.set(name, value);
  }

  delete(name: string): void {
    this.values.delete(name);
  }

  /** Resolves when `found` gives something, with undefined after `timeoutMs` or when the signal aborts. */
  wait<Found>(
    found: () => Found | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    const first = signal.aborted ? undefined : found();
    if (first !== undefined || signal.aborted || timeoutMs === 0) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.waiting.delete(look);
        settle();
      };
      const giveUp = (): void => finish(() => resolve(undefined));
      const look = (): void => {
        try {
          const result = found();
          if (result !== undefined) finish(() => resolve(result));
        } catch (error) {
          // It belongs to who waits, not to who wrote.
          finish(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener('abort', giveUp);
      this.waiting.add(look);
    });
  }
}

export function refused(detail: string): OdographError {
  return new OdographError('STREAM_REFUSED', { detail });
}
