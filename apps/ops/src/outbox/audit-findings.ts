import { type AuditMinute, MINUTE_MS } from './audit-minute';

/** Adjoining minutes of one topic and part with the same thing to say of them. */
export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'parked';
  /** Where the messages should have been, or are too often; parked ones wait in front of it. */
  readonly stage: 'published' | 'consumed';
  readonly topic: string;
  readonly part: number;
  readonly from: Date;
  /** First moment that is not meant. */
  readonly to: Date;
  readonly messages: number;
  /** Some of them; none where only the ledger knows of them. */
  readonly event_ids: readonly string[];
}

const KINDS = [
  {
    kind: 'lost',
    stage: 'consumed',
    countOf: ({ lost }: AuditMinute) => lost,
    idsOf: ({ lostIds }: AuditMinute) => lostIds,
  },
  {
    kind: 'doubled',
    stage: 'consumed',
    countOf: ({ doubled }: AuditMinute) => doubled,
    idsOf: ({ doubledIds }: AuditMinute) => doubledIds,
  },
  {
    kind: 'parked',
    stage: 'published',
    countOf: ({ parked }: AuditMinute) => parked.count,
    idsOf: ({ parkedIds }: AuditMinute) => parkedIds,
  },
] as const;

/** What is to be said of minutes in order, by kind, topic and part; with at most `maxIds` ids each. */
export function findingsOf(minutes: readonly AuditMinute[], maxIds: number): Finding[] {
  const found: Finding[] = [];
  for (const { kind, stage, countOf, idsOf } of KINDS) {
    const last = new Map<string, Finding>();
    for (const minute of minutes) {
      const messages = countOf(minute);
      if (messages === 0) continue;
      const key = `${minute.part} ${minute.topic}`;
      const before = last.get(key);
      const adjoins = before?.to.getTime() === minute.minute.getTime();
      const finding: Finding = {
        ...{ kind, stage, topic: minute.topic, part: minute.part },
        from: before !== undefined && adjoins ? before.from : minute.minute,
        to: new Date(minute.minute.getTime() + MINUTE_MS),
        messages: messages + (before !== undefined && adjoins ? before.messages : 0),
        event_ids: [...(before !== undefined && adjoins ? before.event_ids : []), ...idsOf(minute)].slice(
          0,
          maxIds,
        ),
      };
      if (before !== undefined && adjoins) found.splice(found.indexOf(before), 1, finding);
      else found.push(finding);
      last.set(key, finding);
    }
  }
  return found;
}
