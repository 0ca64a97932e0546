import { type Command } from 'commander';
import { z } from 'zod';
import { OdographError } from '@app/common/errors';
import { tenantField } from './fields';
import { registerImport } from './import-file';
import { checkArguments } from './input';
import { type Invocation, type Surroundings } from './invocation';
import { type Noun } from './noun';
import { registerVerb } from './verb';

const listSchema = z.object({ tenant: tenantField.optional() });

/** Adds `odo <noun>` with its five verbs; the answer is the noun's command, for verbs of its own. */
export function registerNoun<Draft, Key, Row extends object>(
  program: Command,
  surroundings: Surroundings,
  noun: Noun<Draft, Key, Row>,
): Command {
  const command = program.command(noun.name).description(noun.summary);
  const argument = `<${noun.argument.replace(/_/g, '-')}>`;

  const put = noun.addOptions(
    registerVerb(command, surroundings, {
      usage: `${noun.putVerb ?? 'add'} ${argument}`,
      summary:
        noun.putVerb === undefined
          ? `add a ${noun.thing}, change it, or bring a removed one back`
          : `add a ${noun.thing} or change it`,
      example: noun.examples.add,
      notes: noun.addNotes,
      run: (invocation, given) => addOne(noun, invocation, given),
    }),
  );
  if (noun.putVerb !== undefined) put.alias('add');
  registerVerb(command, surroundings, {
    usage: 'list',
    summary: `list every ${noun.thing} that is not removed`,
    example: `odo ${noun.name} list --json`,
    run: (invocation) => listAll(noun, invocation),
  }).option('--tenant <id>', 'of this tenant only');
  const show = registerVerb(command, surroundings, {
    usage: `show ${argument}`,
    summary: `show a ${noun.thing}`,
    example: noun.examples.show,
    run: (invocation, given) => showOne(noun, invocation, given),
  });
  noun.showOptions?.(show);
  const remove = registerVerb(command, surroundings, {
    usage: `remove ${argument}`,
    summary: `remove a ${noun.thing}`,
    example: noun.examples.remove,
    run: (invocation, given) => removeOne(noun, invocation, given),
  });
  noun.removeOptions?.(remove);
  registerImport(command, surroundings, noun);
  return command;
}

async function addOne<Draft, Key, Row>(
  noun: Noun<Draft, Key, Row>,
  invocation: Invocation,
  given: string | undefined,
): Promise<void> {
  const draft = checkArguments(noun.draft, { [noun.argument]: given }, invocation.options);
  const changes = await invocation.edit(`${noun.name}.${noun.putVerb ?? 'add'}`, async (transaction) => [
    await noun.put(transaction, draft),
  ]);
  invocation.answerChanges(noun.thing, changes);
}

async function listAll<Draft, Key, Row>(noun: Noun<Draft, Key, Row>, invocation: Invocation): Promise<void> {
  const { tenant } = checkArguments(listSchema, {}, invocation.options);
  const rows = await invocation.read((database) => noun.list(database, tenant ?? null));
  invocation.answerRows(noun.columns, rows);
}

async function showOne<Draft, Key, Row extends object>(
  noun: Noun<Draft, Key, Row>,
  invocation: Invocation,
  given: string | undefined,
): Promise<void> {
  const key = checkArguments(noun.key, { [noun.argument]: given }, invocation.options);
  const rows = await invocation.read((database) => noun.find(database, key));
  const [row] = rows;
  if (row === undefined)
    throw new OdographError('NOT_FOUND', {
      detail: `no ${noun.thing} of that ${noun.argument.replace(/_/g, ' ')}`,
    });
  if (noun.showsMany === true) invocation.answerRows(noun.columns, rows);
  else invocation.answerFields(row);
}

async function removeOne<Draft, Key, Row>(
  noun: Noun<Draft, Key, Row>,
  invocation: Invocation,
  given: string | undefined,
): Promise<void> {
  const key = checkArguments(noun.key, { [noun.argument]: given }, invocation.options);
  const changes = await invocation.edit(`${noun.name}.remove`, async (transaction) => [
    await noun.remove(transaction, key),
  ]);
  invocation.answerChanges(noun.thing, changes);
}
