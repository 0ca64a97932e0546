import { companionKey } from '../../contracts';
import { checkMarks, encodeEpoch, FIRST_MARK } from '../arguments';
import { type Fields } from '../entries';
import type * as port from '../port';
import { isServerWide } from '../server-refusals';
import { refused, type MemoryServer } from './memory-server';

/** The publishing verbs as single steps on a {@link MemoryServer}. */

const markKey = (stream: string, part: number): string => companionKey(stream, `mark:${part}`);

export function claimMark(
  server: MemoryServer,
  { stream, part, epoch }: port.ClaimMarkRequest,
): port.ClaimedMark {
  const hash = server.makeHash(markKey(stream, part));
  const stored = hash.get('epoch');
  const own = encodeEpoch(epoch);
  if (stored !== undefined && own < stored) return { kind: 'fenced', epoch: BigInt(stored) };
  if (stored !== own) hash.set('epoch', own).set('previous', stored ?? '0');
  return {
    kind: 'claimed',
    previousEpoch: BigInt(hash.get('previous') ?? '0'),
    count: Number(hash.get('count') ?? '0'),
    mark: hash.get('mark') ?? FIRST_MARK,
  };
}

export function publishMarked(
  server: MemoryServer,
  { stream, part, epoch, acknowledged, messages }: port.PublishMarkedRequest,
): port.PublishedMessages {
  checkMarks(
    acknowledged.mark,
    messages.map(({ mark }) => mark),
  );
  const hash = server.hash(markKey(stream, part));
  const storedEpoch = BigInt(hash?.get('epoch') ?? '0');
  let count = Number(hash?.get('count') ?? '0');
  let mark = hash?.get('mark') ?? FIRST_MARK;
  if (epoch < storedEpoch) return { kind: 'fenced', epoch: storedEpoch };
  if (storedEpoch < epoch || count < acknowledged.count || mark < acknowledged.mark) {
    return { kind: 'behind', epoch: storedEpoch, count, mark };
  }
  let [added, skipped] = [0, 0];
  for (const [index, message] of messages.entries()) {
    if (message.mark <= mark) {
      skipped += 1;
      continue;
    }
    const refusal = tryAdd(server, stream, message.fields);
    if (typeof refusal === 'object') {
      return { kind: 'refused', index, message: refusal.error, added, skipped, count, mark };
    }
    added += 1;
    count += 1;
    mark = message.mark;
    hash?.set('count', String(count)).set('mark', mark);
  }
  return { kind: 'published', added, skipped, count, mark };
}

export function publishRetried(
  server: MemoryServer,
  { stream, part, epoch, acknowledged, windowMs, messages }: port.PublishRetriedRequest,
): port.RetriedMessages {
  checkMarks(acknowledged.mark, []);
  const hash = server.hash(markKey(stream, part));
  const storedEpoch = BigInt(hash?.get('epoch') ?? '0');
  let count = Number(hash?.get('count') ?? '0');
  const mark = hash?.get('mark') ?? FIRST_MARK;
  if (epoch < storedEpoch) return { kind: 'fenced', epoch: storedEpoch };
  if (storedEpoch < epoch || count < acknowledged.count || mark < acknowledged.mark) {
    return { kind: 'behind', epoch: storedEpoch, count, mark };
  }
  const remembered = server.makeHash(companionKey(stream, 'retried'));
  let [added, known] = [0, 0];
  for (const [index, { dedupeId, fields }] of messages.entries()) {
    const isKnown = Number(remembered.get(dedupeId) ?? '0') > server.now();
    const refusal = isKnown ? undefined : tryAdd(server, stream, fields);
    if (typeof refusal === 'object') {
      return { kind: 'refused', index, message: refusal.error, added, known, count, mark };
    }
    remembered.set(dedupeId, String(server.now() + windowMs));
    if (isKnown) known += 1;
    else {
      added += 1;
      count += 1;
      hash?.set('count', String(count));
    }
  }
  return { kind: 'published', added, known, count, mark };
}

export function publishOnce(
  server: MemoryServer,
  { stream, windowMs, messages }: port.PublishOnceRequest,
): port.PublishedOnce[] {
  const remembered = server.makeHash(companionKey(stream, 'once'));
  return messages.map(({ dedupeId, fields }) => {
    const [until = '0', entryId = ''] = remembered.get(dedupeId)?.split(' ') ?? [];
    if (Number(until) > server.now()) return { entryId, isNew: false };
    const added = server.tryAdd(stream, fields);
    if (typeof added === 'object') return added;
    remembered.set(dedupeId, `${server.now() + windowMs} ${added}`);
    return { entryId: added, isNew: true };
  });
}

/** What concerns the server and not this message is thrown. */
function tryAdd(server: MemoryServer, stream: string, fields: Fields): string | { error: string } {
  const added = server.tryAdd(stream, fields);
  if (typeof added === 'object' && isServerWide(added.error)) throw refused(added.error);
  return added;
}
