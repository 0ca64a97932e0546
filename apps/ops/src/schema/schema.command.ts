import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command } from 'commander';
import {
  checkSchema,
  compareSchemas,
  describeDifferences,
  differenceInWords,
  printSchema,
} from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { registerVerb, type Invocation, type Surroundings } from '../cli';

/** `odo schema print|check|diff`: what the database's catalogs hold, against what the migrations of this build make. */
export function registerSchema(program: Command, surroundings: Surroundings): void {
  const command = program.command('schema').description('look at the database schema as it is');
  registerVerb(command, surroundings, {
    usage: 'print',
    summary: 'print tables, columns, constraints, indexes, functions and grants, one line each',
    example: 'odo schema print > schema.txt',
    run: print,
  });
  registerVerb(command, surroundings, {
    usage: 'check',
    summary: 'compare with the schema of this build; exits 1 and tells the differences where there are any',
    example: 'odo schema check',
    run: compare,
  });
  registerVerb(command, surroundings, {
    usage: 'diff <a> <b>',
    summary:
      'tell what differs between two schemas, each a database URL or a file of `odo schema print`; exits 1 then',
    example: 'odo schema diff schema.txt postgres://owner@localhost/odograph',
    run: diff,
  });
}

async function print(invocation: Invocation): Promise<void> {
  const text = await invocation.inspect((database) => printSchema(database));
  invocation.answer({ schema: text.split('\n').filter((line) => line !== '') }, () => text);
}

async function diff(invocation: Invocation, a = '', b = ''): Promise<void> {
  const [printA, printB] = [await printOf(invocation, a), await printOf(invocation, b)];
  const differences = compareSchemas(printA, printB).map(({ object, expected, found }) => ({
    ...{ object, a: expected ?? null, b: found ?? null },
    words: differenceInWords({ object, expected, found }, 'a', 'b'),
  }));
  invocation.answer(differences, () =>
    differences.length === 0
      ? 'the schemas are the same\n'
      : `${differences.map(({ words }) => words).join('\n')}\n${differences.length} differences\n`,
  );
  if (differences.length > 0) invocation.failQuietly();
}

/** @throws OdographError INPUT_INVALID where it is neither a URL of PostgreSQL nor a file of a print. */
async function printOf(invocation: Invocation, source: string): Promise<string> {
  if (/^postgres(ql)?:\/\//.test(source)) {
    return invocation.inspect((database) => printSchema(database), source);
  }
  const file = resolve(invocation.directory, source);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (/^\w+ [\w.]+: /m.test(text)) return text;
  throw new OdographError('INPUT_INVALID', {
    detail: 'a schema is a URL of PostgreSQL or a file that `odo schema print` wrote',
  });
}

async function compare(invocation: Invocation): Promise<void> {
  const differences = await invocation.inspect((database) => checkSchema(database));
  invocation.answer(differences, () =>
    differences.length === 0
      ? 'the schema is as the migrations of this build make it\n'
      : `${describeDifferences(differences)}\n`,
  );
  if (differences.length > 0) invocation.failQuietly();
}
