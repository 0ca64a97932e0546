import { type Command } from 'commander';
import { checkSchema, describeDifference, printSchema } from '@app/common/database';
import { registerVerb, type Invocation, type Surroundings } from '../cli';

/** `odo schema print|check`: what the database's catalogs hold, against what the migrations of this build make. */
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
}

async function print(invocation: Invocation): Promise<void> {
  const text = await invocation.inspect((database) => printSchema(database));
  invocation.answer({ schema: text.split('\n').filter((line) => line !== '') }, () => text);
}

async function compare(invocation: Invocation): Promise<void> {
  const differences = await invocation.inspect((database) => checkSchema(database));
  invocation.answer(differences, () =>
    differences.length === 0
      ? 'the schema is as the migrations of this build make it\n'
      : `${differences.map(describeDifference).join('\n')}\n` +
        `${differences.length} differences (- this build, + this database)\n`,
  );
  if (differences.length > 0) invocation.failQuietly();
}
