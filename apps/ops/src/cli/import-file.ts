import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command } from 'commander';
import { isDataError, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change } from './change';
import { refuseRepeats, type Drafted } from './drafted';
import { type Invocation, type Surroundings } from './invocation';
import { type Noun } from './noun';
import { registerVerb } from './verb';

/** Adds `import <file>`: everything in the file is added, changed or revived in one transaction, or nothing is. */
export function registerImport<Draft, Key, Row>(
  command: Command,
  surroundings: Surroundings,
  noun: Noun<Draft, Key, Row>,
): void {
  registerVerb(command, surroundings, {
    usage: 'import <file>',
    summary: `add or change what a ${noun.file.kind} file names, all of it or nothing`,
    example: noun.examples.import,
    notes: noun.file.notes,
    run: (invocation, file) => importFile(noun, invocation, file ?? ''),
  }).option('--dry-run', 'do all of it and take it back: tells what would change');
}

async function importFile<Draft, Key, Row>(
  noun: Noun<Draft, Key, Row>,
  invocation: Invocation,
  file: string,
): Promise<void> {
  const dryRun = invocation.options['dryRun'] === true;
  const drafts = noun.file.read(textOf(resolve(invocation.directory, file)));
  refuseRepeats(drafts, noun.file.identify);
  const changes = await invocation.edit(
    `${noun.name}.import`,
    (transaction) => putAll(noun, transaction, drafts),
    { dryRun },
  );
  const counts = countOutcomes(changes);
  const rest = dryRun ? ' (dry run: nothing was changed)' : '';
  invocation.answer({ ...counts, dry_run: dryRun }, () => `${describeCounts(counts)}${rest}\n`);
}

async function putAll<Draft, Key, Row>(
  noun: Noun<Draft, Key, Row>,
  transaction: Transaction,
  drafts: readonly Drafted<Draft>[],
): Promise<Change<Row>[]> {
  const changes: Change<Row>[] = [];
  for (const { place, draft } of drafts) {
    try {
      changes.push(await noun.put(transaction, draft));
    } catch (cause) {
      // Anything else, such as an outage, is no fault of this place.
      if (!(cause instanceof OdographError) && !isDataError(cause)) throw cause;
      throw new OdographError('INPUT_INVALID', { detail: place, cause });
    }
  }
  return changes;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: 'the file cannot be read', cause });
  }
}

type Counts = Record<'added' | 'revived' | 'updated' | 'unchanged', number>;

function countOutcomes(changes: readonly Change<unknown>[]): Counts {
  const count = (outcome: keyof Counts): number =>
    changes.filter((change) => change.outcome === outcome).length;
  return {
    added: count('added'),
    revived: count('revived'),
    updated: count('updated'),
    unchanged: count('unchanged'),
  };
}

function describeCounts(counts: Counts): string {
  const parts = Object.entries(counts).flatMap(([outcome, count]) =>
    count > 0 ? [`${count} ${outcome}`] : [],
  );
  return parts.length === 0 ? 'the file names nothing' : parts.join(', ');
}
