import { type OutboxDraft, partOf } from '../contracts';
import { newTraceparent } from '../observability';

/** The drafts as columns, in the order that both lanes' statements take them: part, topic, key, event id and so on. */
export function columnsOf(drafts: readonly OutboxDraft[]): unknown[] {
  return [
    drafts.map(({ key }) => partOf(key)),
    drafts.map(({ topic }) => topic),
    drafts.map(({ key }) => key),
    drafts.map(({ eventId }) => eventId),
    drafts.map(({ tenantId }) => tenantId),
    drafts.map(({ traceparent }) => traceparent ?? newTraceparent()),
    drafts.map(({ fields }) => JSON.stringify(fields)),
  ];
}
