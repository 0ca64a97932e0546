import { CONTRACT_VERSION, OUTBOX_TOPICS, type OutboxTopic } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { type Fields } from '@app/common/streams';
import { type OutboxMessage } from './cursor-table';

/** A message as its stream gets it. */
export interface Entry {
  readonly message: OutboxMessage;
  readonly topic: OutboxTopic;
  readonly fields: Fields;
}

/**
 * The entries of messages up to the first that cannot become one: what is in front of it still goes out, and nothing
 * behind it overtakes it.
 *
 * @throws OdographError OUTBOX_MESSAGE_INVALID where that is the very first.
 */
export function leadingEntries(messages: readonly OutboxMessage[]): Entry[] {
  const entries: Entry[] = [];
  for (const message of messages) {
    const entry = entryOf(message);
    if (typeof entry !== 'string') entries.push(entry);
    else if (entries.length > 0) return entries;
    else throw new OdographError('OUTBOX_MESSAGE_INVALID', { detail: `event ${message.eventId}: ${entry}` });
  }
  return entries;
}

/** Groups that keep the order of the entries within each topic. */
export function byTopic(entries: readonly Entry[]): Map<OutboxTopic, Entry[]> {
  const groups = new Map<OutboxTopic, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.topic);
    if (group === undefined) groups.set(entry.topic, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** The entry, or why there is none. */
function entryOf(message: OutboxMessage): Entry | string {
  const topic = OUTBOX_TOPICS.find((name) => name === message.topic);
  if (topic === undefined) return `topic ${message.topic} is none of ours`;
  const fields = parseJson(message.payload);
  if (!isTextMap(fields)) return 'the payload is no map of strings';
  // Ours come last: a payload with an event_id of its own would undo the dedupe of whoever reads it.
  fields['v'] = CONTRACT_VERSION;
  fields['event_id'] = message.eventId;
  fields['traceparent'] = message.traceparent;
  return { message, topic, fields };
}

/** By hand, since a schema's check costs as much as the rest of a message's way through the relay. */
function isTextMap(value: unknown): value is Record<string, string> {
  if (!isRecord(value)) return false;
  for (const name in value) if (typeof value[name] !== 'string') return false;
  return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all: undefined is no map either.
    return undefined;
  }
}
