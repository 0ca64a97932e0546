import { type Database, type Transaction } from '@app/common/database';
import { fault } from '@app/common/observability';
import { type DirectoryService } from '../directory';
import { type RoutesService } from '../routes';
import { type Intent, parseIntent } from './intent';
import { type IntentStore, type MalformedEntry } from './intent-store';

/** A stream entry of the intake. */
export interface IntentEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What became of a batch of entries. */
export interface Accepted {
  readonly accepted: number;
  readonly duplicates: number;
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
    private readonly directory: DirectoryService,
    private readonly routes: RoutesService,
  ) {}

  async accept(entries: readonly IntentEntry[]): Promise<Accepted> {
    const parsed: ParsedEntry[] = [];
    const malformed: MalformedEntry[] = [];
    for (const entry of entries) {
      const result = parseIntent(entry.fields);
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
  async reject(entry: IntentEntry, message: string): Promise<void> {
    await this.database.transaction((transaction) =>
      this.store.insertMalformed(transaction, [
        { entryId: entry.id, fields: entry.fields, code: 'record_rejected', message },
      ]),
    );
  }

  private async write(transaction: Transaction, entries: readonly ParsedEntry[]): Promise<Accepted> {
    const accounts = await this.directory.find(transaction, [
      ...new Set(entries.flatMap(({ intent }) => intent.recipientUserIds)),
    ]);
    const malformed: MalformedEntry[] = [];
    const known: ParsedEntry[] = [];
    for (const entry of entries) {
      if (entry.intent.recipientUserIds.some((userId) => accounts.has(userId))) known.push(entry);
      else malformed.push(malformedAs(entry, 'recipient_not_found', 'no recipient is known'));
    }
    const fresh = await this.store.insert(transaction, firstOfEach(known));
    const conflicts = await this.conflicts(transaction, known, fresh);
    await this.routes.open(
      transaction,
      firstOfEach(known)
        .filter(({ notificationId }) => fresh.has(notificationId))
        .map((intent) => ({ ...intent, channels: intent.type.channels })),
      accounts,
    );
    malformed.push(...conflicts);
    return { accepted: fresh.size, duplicates: known.length - fresh.size - conflicts.length, malformed };
  }

  /** Entries whose key is taken by other content. */
  private async conflicts(
    transaction: Transaction,
    entries: readonly ParsedEntry[],
    fresh: ReadonlySet<string>,
  ): Promise<MalformedEntry[]> {
    const suspects = entries.filter(
      ({ intent }, i) =>
        !fresh.has(intent.notificationId) ||
        entries.findIndex((other) => other.intent.notificationId === intent.notificationId) !== i,
    );
    const stored = await this.store.fingerprints(
      transaction,
      suspects.map(({ intent }) => intent.notificationId),
    );
    return suspects
      .filter(({ intent }) => stored.get(intent.notificationId) !== intent.fingerprint)
      .map((entry) =>
        malformedAs(
          entry,
          'idempotency_conflict',
          `key ${entry.intent.idempotencyKey} was used for other content`,
        ),
      );
  }
}

function firstOfEach(entries: readonly ParsedEntry[]): Intent[] {
  const byId = new Map<string, Intent>();
  for (const { intent } of entries)
    if (!byId.has(intent.notificationId)) byId.set(intent.notificationId, intent);
  return [...byId.values()];
}

function malformedAs(
  { id, fields }: IntentEntry,
  code: MalformedEntry['code'],
  message: string,
): MalformedEntry {
  return { entryId: id, fields, code, message };
}
