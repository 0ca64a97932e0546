import { randomUUID } from 'node:crypto';
import { companionKey } from '../../contracts';
import type * as port from '../port';
import { isServerWide } from '../server-refusals';
import { refused, type MemoryServer } from './memory-server';

/** The verbs of sinks as single steps on a {@link MemoryServer}. What is remembered of an id lives with `publishOnce`. */

/** What is kept of an id that was not added: a colon and the highest token seen. */
const SEAL = ':';

const sinkKey = (stream: string): string => companionKey(stream, 'sink');

/** What is remembered of ids: until when, and an entry id or a seal. */
class Memory {
  private readonly held: Map<string, string>;

  constructor(
    private readonly server: MemoryServer,
    stream: string,
  ) {
    this.held = server.makeHash(companionKey(stream, 'once'));
  }

  get(dedupeId: string): string | undefined {
    const [until = '0', word = ''] = this.held.get(dedupeId)?.split(' ') ?? [];
    return Number(until) > this.server.now() ? word : undefined;
  }

  set(dedupeId: string, word: string, windowMs: number): void {
    this.held.set(dedupeId, `${this.server.now() + windowMs} ${word}`);
  }
}

export function publishToSink(server: MemoryServer, request: port.SinkRequest): port.SinkReply {
  const { stream, windowMs, acknowledged, messages } = request;
  const memory = new Memory(server, stream);
  const hash = server.hash(sinkKey(stream));
  const count = Number(hash?.get('count') ?? '0');
  if (acknowledged !== undefined && isBehind(server, memory, request, acknowledged)) {
    return { kind: 'behind', birth: hash?.get('birth'), count };
  }
  if (server.refusal !== undefined && isServerWide(server.refusal)) throw refused(server.refusal);
  const sink = server.makeHash(sinkKey(stream));
  if (!sink.has('birth')) sink.set('birth', randomUUID());
  const answers = messages.map((message) => answer(server, memory, { stream, windowMs, sink }, message));
  const state = stateOf(sink);
  return {
    kind: 'done',
    sink: state,
    answers,
    added: state.count > count ? [{ from: count, to: state.count }] : [],
  };
}

export function findUnpublished(
  server: MemoryServer,
  stream: string,
  dedupeIds: readonly string[],
): readonly string[] {
  const memory = new Memory(server, stream);
  return dedupeIds.filter((dedupeId) => memory.get(dedupeId)?.startsWith(SEAL) ?? true);
}

export function renewSink(server: MemoryServer, stream: string, birth: string): void {
  server.makeHash(sinkKey(stream)).set('birth', birth);
}

function isBehind(
  server: MemoryServer,
  memory: Memory,
  { stream, windowMs }: port.SinkRequest,
  { birth, count, last }: port.SinkState,
): boolean {
  const hash = server.hash(sinkKey(stream));
  if (hash?.get('birth') !== birth || Number(hash.get('count') ?? '0') < count) return true;
  if (last === undefined) return false;
  const addedMs = Number(last.entryId.split('-', 1)[0]);
  return server.now() - addedMs < windowMs && memory.get(last.dedupeId) !== last.entryId;
}

function answer(
  server: MemoryServer,
  memory: Memory,
  {
    stream,
    windowMs,
    sink,
  }: { readonly stream: string; readonly windowMs: number; readonly sink: Map<string, string> },
  { dedupeId, token, fields }: port.SinkMessage,
): port.SinkAnswer {
  const held = memory.get(dedupeId);
  if (held !== undefined && !held.startsWith(SEAL)) return { kind: 'known', entryId: held };
  if (held !== undefined && Number(held.slice(SEAL.length)) > token) return { kind: 'stale' };
  if (fields === undefined) {
    memory.set(dedupeId, `${SEAL}${token}`, windowMs);
    return { kind: 'sealed' };
  }
  const added = server.tryAdd(stream, fields);
  if (typeof added === 'object') {
    memory.set(dedupeId, `${SEAL}${token}`, windowMs);
    return { kind: 'refused', error: added.error };
  }
  memory.set(dedupeId, added, windowMs);
  sink
    .set('count', String(stateOf(sink).count + 1))
    .set('id', added)
    .set('dedupe', dedupeId);
  return { kind: 'added', entryId: added };
}

function stateOf(sink: ReadonlyMap<string, string>): port.SinkState {
  const entryId = sink.get('id');
  return {
    birth: sink.get('birth') ?? '',
    count: Number(sink.get('count') ?? '0'),
    last: entryId === undefined ? undefined : { entryId, dedupeId: sink.get('dedupe') ?? '' },
  };
}
