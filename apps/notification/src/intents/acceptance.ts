import { type Database, type Transaction } from '@app/common/database';
import { fault } from '@app/common/observability';
import { type RoutesService } from '../routes';
import { type Audience, type Standing } from './audience';
import { type Intent, type ParsedIntent, parseIntent } from './intent';
import { type IntentStore, type MalformedEntry, type RecordDraft } from './intent-store';

/** A stream entry of the intake. */
export interface IntentEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Where somebody has looked at the fields already. */
  readonly parsed?: ParsedIntent;
}

/** What became of a batch of entries. */
export interface Accepted {
  readonly accepted: number;
  /** Of the accepted ones: those without routes yet. */
  readonly waiting: number;
  readonly duplicates: number;
  /** One of the batch that has a record now; undefined where none has. */
  readonly sampleId: string | undefined;
  readonly malformed: readonly MalformedEntry[];
}

interface ParsedEntry extends IntentEntry {
  readonly intent: Intent;
}

/** Turns entries into records and routes, all in one transaction; nothing is acknowledged before it has committed. */
export class Acceptance {
  constructor(
    private readonly database: Database,
    private readonly store: IntentStore,
    private readonly audience: Audience,
    private readonly routes: RoutesService,
  ) {}

  async accept(entries: readonly IntentEntry[]): Promise<Accepted> {
    const parsed: ParsedEntry[] = [];
    const malformed: MalformedEntry[] = [];
    for (const entry of entries) {
      const result = entry.parsed ?? parseIntent(entry.fields);
      if (result.kind === 'intent') parsed.push({ ...entry, intent: result.intent });
      else malformed.push({ ...result.reason, entryId: entry.id, fields: entry.fields });
    }
    return this.database.transaction(async (transaction) => {
      const outcome = await this.write(transaction, parsed);
      const all = [...malformed, ...outcome.malformed];
      await this.store.insertMalformed(transaction, all);
      fault('intents.before-commit');
      return { ...outcome, malformed: all };
    });
  }

  /** Records one entry as malformed that the database will not take in any other form. */
  async reject({ id, fields }: IntentEntry, message: string): Promise<MalformedEntry> {
    const entry = { entryId: id, fields, code: 'record_rejected', message } as const;
    await this.database.transaction((transaction) => this.store.insertMalformed(transaction, [entry]));
    return entry;
  }

  private async write(transaction: Transaction, entries: readonly ParsedEntry[]): Promise<Accepted> {
    const standings = await this.audience.of(
      transaction,
      entries.map(({ intent }) => intent),
    );
    const malformed: MalformedEntry[] = [];
    const known: (ParsedEntry & { readonly standing: Exclude<Standing, { kind: 'nobody' }> })[] = [];
    for (const entry of entries) {
      const standing = standings.get(entry.intent);
      if (standing === undefined || standing.kind === 'nobody') {
        malformed.push(malformedAs(entry, 'recipient_not_found', 'no recipient is known'));
      } else known.push({ ...entry, standing });
    }
    const first = firstOfEach(known);
    const fresh = await this.store.insert(transaction, first.map(draftOf));
    fault('intents.after-records');
    const conflicts = await this.conflicts(transaction, known, fresh);
    const records = first.flatMap(({ intent, standing }) =>
      standing.kind === 'known' && fresh.has(intent.notificationId)
        ? [{ ...intent, recipients: standing.recipients }]
        : [],
    );
    await this.routes.open(transaction, records);
    malformed.push(...conflicts);
    const duplicates = known.length - fresh.size - conflicts.length;
    const sampleId = known[0]?.intent.notificationId;
    return { accepted: fresh.size, waiting: fresh.size - records.length, duplicates, sampleId, malformed };
  }

  /** Entries whose key is taken by other content. */
  private async conflicts(
    transaction: Transaction,
    entries: readonly ParsedEntry[],
    fresh: ReadonlySet<string>,
  ): Promise<MalformedEntry[]> {
    const first = new Set(firstOfEach(entries));
    const suspects = entries.filter((entry) => !fresh.has(entry.intent.notificationId) || !first.has(entry));
    const stored = await this.store.fingerprints(
      transaction,
      suspects.map(({ intent }) => intent.notificationId),
    );
    // None: retention took the record since the insert met it. What repeats something so old changes nothing either.
    return suspects
      .filter(
        ({ intent }) => (stored.get(intent.notificationId) ?? intent.fingerprint) !== intent.fingerprint,
      )
      .map((entry) =>
        malformedAs(
          entry,
          'idempotency_conflict',
          `key ${entry.intent.idempotencyKey} was used for other content`,
        ),
      );
  }
}

function firstOfEach<Entry extends ParsedEntry>(entries: readonly Entry[]): Entry[] {
  const byId = new Map<string, Entry>();
  for (const entry of entries) {
    if (!byId.has(entry.intent.notificationId)) byId.set(entry.intent.notificationId, entry);
  }
  return [...byId.values()];
}

function draftOf({ id, intent, standing }: ParsedEntry & { readonly standing: Standing }): RecordDraft {
  const lookUpInMs = standing.kind === 'waiting' ? standing.lookUpInMs : undefined;
  return { ...intent, entryId: id, lookUpInMs };
}

function malformedAs(
  { id, fields }: IntentEntry,
  code: MalformedEntry['code'],
  message: string,
): MalformedEntry {
  return { entryId: id, fields, code, message };
}
