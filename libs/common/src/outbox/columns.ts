import { type OutboxDraft, partOf } from '../contracts';
import { BinaryArray, type BinaryType, binaryTypes } from '../database';
import { newTraceparent } from '../observability';

const { int2, text, uuid } = binaryTypes;

/** The drafts as columns, in the order that both lanes' statements take them: part, topic, key, event id and so on. */
export function columnsOf(drafts: readonly OutboxDraft[]): Buffer[] {
  const column = <Value>(type: BinaryType<Value>, value: (draft: OutboxDraft) => Value): Buffer =>
    BinaryArray.of(type, drafts.map(value));
  return [
    column(int2, ({ key }) => partOf(key)),
    column(text, ({ topic }) => topic),
    column(text, ({ key }) => key),
    column(uuid, ({ eventId }) => eventId),
    column(text, ({ tenantId }) => tenantId),
    column(text, ({ traceparent }) => traceparent ?? newTraceparent()),
    column(text, ({ fields }) => JSON.stringify(fields)),
  ];
}
