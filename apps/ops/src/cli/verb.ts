import { type Command } from 'commander';
import { Invocation, type Surroundings } from './invocation';

export interface Verb {
  /** Name and arguments: `add <imei>`. */
  readonly usage: string;
  readonly summary: string;
  /** A whole command line that works as it stands. */
  readonly example: string;
  readonly notes?: string;
  readonly run: (invocation: Invocation, argument: string | undefined, second?: string) => Promise<void>;
}

/** Adds a verb whose help ends with its notes and an example; options are the caller's to add. */
export function registerVerb(
  parent: Command,
  surroundings: Surroundings,
  { usage, summary, example, notes, run }: Verb,
): Command {
  const text = [...(notes === undefined ? [] : ['', notes]), '', 'Example:', `  ${example}`];
  return parent
    .command(usage)
    .description(summary)
    .addHelpText('after', text.join('\n'))
    .action(async function (this: Command) {
      await run(new Invocation(surroundings, this), this.args[0], this.args[1]);
    });
}
