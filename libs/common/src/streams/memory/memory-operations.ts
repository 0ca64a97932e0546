import { companionKey } from '../../contracts';
import { compareEntryIds } from '../entries';
import type * as port from '../port';
import { type MemoryServer } from './memory-server';

/** The operators' verbs as single steps on a {@link MemoryServer}. */

const outcomesOf = (server: MemoryServer, stream: string): Map<string, string> =>
  server.makeHash(companionKey(stream, 'outcomes'));

export function listPending(
  server: MemoryServer,
  { stream, group, consumer, count }: port.PendingQuery,
): port.PendingEntry[] {
  const pending = server.stream(stream)?.groups.get(group)?.pending ?? new Map<string, never>();
  return [...pending]
    .filter(([, held]) => consumer === undefined || held.consumer === consumer)
    .sort(([a], [b]) => compareEntryIds(a, b))
    .slice(0, count)
    .map(([id, held]) => ({
      ...{ id, consumer: held.consumer, deliveries: held.deliveries },
      idleMs: server.now() - held.deliveredAtMs,
    }));
}

/** Of those that hold something; others leave no trace here. */
export function consumers(server: MemoryServer, stream: string, group: string): port.ConsumerInfo[] {
  const entries = listPending(server, { stream, group, count: Number.POSITIVE_INFINITY });
  const names = [...new Set(entries.map(({ consumer }) => consumer))].sort();
  return names.map((name) => {
    const own = entries.filter(({ consumer }) => consumer === name);
    return { name, pending: own.length, idleMs: Math.min(...own.map(({ idleMs }) => idleMs)) };
  });
}

export function releasePending(server: MemoryServer, request: port.ReleaseRequest): string[] {
  const { stream, group, from, minIdleMs, count } = request;
  const pending = server.stream(stream)?.groups.get(group)?.pending;
  const ids = listPending(server, { stream, group, consumer: from, count: Number.POSITIVE_INFINITY })
    .filter(({ idleMs }) => idleMs >= minIdleMs)
    .slice(0, count)
    .map(({ id }) => id);
  for (const id of ids) {
    const held = pending?.get(id);
    if (held !== undefined) held.deliveredAtMs = Number.NEGATIVE_INFINITY;
  }
  return ids;
}

export function replayLetter(server: MemoryServer, request: port.ReplayRequest): port.ReplayedLetter {
  const { deadLetterStream, id, target, without } = request;
  const outcomes = outcomesOf(server, deadLetterStream);
  const known = outcomes.get(id);
  if (known !== undefined) return { kind: 'known', entryId: known };
  const letters = server.stream(deadLetterStream);
  const letter = letters?.find(id);
  if (letters === undefined || letter === undefined) return { kind: 'gone' };
  const back = [...letter.fields].filter(([name]) => name !== 'replay_of' && !without.includes(name));
  const entryId = server.add(target, { ...Object.fromEntries(back), replay_of: id });
  outcomes.set(id, entryId);
  letters.remove((entry) => entry.id === id);
  return { kind: 'replayed', entryId };
}

export function resolveLetter(server: MemoryServer, deadLetterStream: string, id: string): boolean {
  const removed = server.stream(deadLetterStream)?.remove((entry) => entry.id === id) ?? 0;
  if (removed > 0) outcomesOf(server, deadLetterStream).set(id, '');
  return removed > 0;
}

export function removeDrained(server: MemoryServer, name: string): boolean {
  const stream = server.stream(name);
  if (stream === undefined) return true;
  const groups = [...stream.groups.values()];
  const isNeeded =
    (groups.length === 0 && stream.length > 0) ||
    groups.some((group) => group.pending.size > 0 || stream.after(group.lastDeliveredId, 1).length > 0);
  if (!isNeeded) server.delete(name);
  return !isNeeded;
}

const valueKey = (name: string): string => companionKey(name, 'value');
const membersKey = (name: string): string => companionKey(name, 'members');

export function joinDeployment(server: MemoryServer, { name, value, member }: port.JoinRequest): string {
  if (server.text(valueKey(name)) === undefined) server.put(valueKey(name), value);
  if (member !== undefined)
    server.makeHash(membersKey(name)).set(member.id, String(server.now() + member.ttlMs));
  return server.text(valueKey(name)) ?? value;
}

export function deploymentFact(server: MemoryServer, name: string): port.DeploymentFact {
  const listed = [...(server.hash(membersKey(name)) ?? [])];
  const members = listed.filter(([, until]) => Number(until) > server.now()).map(([id]) => id);
  const value = server.text(valueKey(name));
  return value === undefined ? { members } : { value, members };
}

export function switchDeployment(server: MemoryServer, name: string, value: string): readonly string[] {
  const { members } = deploymentFact(server, name);
  if (members.length === 0) server.put(valueKey(name), value);
  return members;
}
