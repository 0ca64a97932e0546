import { CONTRACT_VERSION, OUTBOX_TOPICS, type OutboxTopic } from '@app/common/contracts';
import { type Fields } from '@app/common/streams';

/** What both lanes publish: a message of the outbox, or a copy of it. */
export interface Publishable {
  readonly topic: string;
  readonly eventId: string;
  readonly traceparent: string;
  /** JSON map of the target stream's fields. */
  readonly payload: string;
}

/** A message as its stream gets it. */
export interface Entry<Message extends Publishable> {
  readonly message: Message;
  readonly topic: OutboxTopic;
  readonly fields: Fields;
}

/** The entry, or why there can never be one. */
export function entryOf<Message extends Publishable>(message: Message): Entry<Message> | string {
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

/** Groups that keep the order of the entries within each topic. */
export function byTopic<Message extends Publishable>(
  entries: readonly Entry<Message>[],
): Map<OutboxTopic, Entry<Message>[]> {
  const groups = new Map<OutboxTopic, Entry<Message>[]>();
  for (const entry of entries) {
    const group = groups.get(entry.topic);
    if (group === undefined) groups.set(entry.topic, [entry]);
    else group.push(entry);
  }
  return groups;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all: undefined is no map either.
    return undefined;
  }
}
