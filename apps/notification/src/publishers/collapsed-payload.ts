import { z } from 'zod';
import { type FoldContents } from '../routes';

const payloadSchema = z.record(z.string(), z.unknown());

/** The payload of a message, with how many notifications it stands for and theirs, each with its event's time. */
export function collapsedPayload(
  payloadJson: string,
  { collapsedCount, items }: FoldContents,
): Readonly<Record<string, unknown>> {
  return {
    ...payloadSchema.parse(JSON.parse(payloadJson)),
    collapsed_count: collapsedCount,
    items: items.map(({ occurredAtMs, payload }) => ({
      ...payloadSchema.parse(payload),
      occurred_at_ms: occurredAtMs,
    })),
  };
}
