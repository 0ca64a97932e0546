import { type Command } from 'commander';
import { type z } from 'zod';
import { type QuerySource, type Transaction } from '@app/common/database';
import { type Change } from './change';
import { type Drafted } from './drafted';
import { type Column } from './table';

/** Something that operators keep: what its verbs `add`, `list`, `show`, `remove` and `import` need to know of it. */
export interface Noun<Draft, Key, Row> {
  /** As on the command line: `device`. */
  readonly name: string;
  /** One of them, in a sentence: `device`. */
  readonly thing: string;
  readonly summary: string;
  /** Field that the verbs take as their argument. */
  readonly argument: string;
  readonly columns: readonly Column<Row>[];
  /** Name of the verb that adds or changes one. Default: add; where it is set, `add` is another name of it. */
  readonly putVerb?: 'set';
  /** What is added, from options or from a file's fields. */
  readonly draft: z.ZodType<Draft>;
  /** What names one, from the argument and the options of `show` and `remove`. */
  readonly key: z.ZodType<Key>;
  readonly addOptions: (command: Command) => Command;
  readonly showOptions?: (command: Command) => Command;
  readonly removeOptions?: (command: Command) => Command;
  readonly examples: Readonly<Record<'add' | 'show' | 'remove' | 'import', string>>;
  /** What a person should know before adding one; below the options in the help. */
  readonly addNotes: string;
  readonly file: {
    readonly kind: string;
    readonly notes: string;
    readonly read: (text: string) => readonly Drafted<Draft>[];
    /** Equal for two drafts that are about the same thing. */
    readonly identify: (draft: Draft) => string;
  };
  /** `show` answers with a table: one key may name several. */
  readonly showsMany?: boolean;

  put(transaction: Transaction, draft: Draft): Promise<Change<Row>>;
  list(source: QuerySource, tenantId: string | null): Promise<readonly Row[]>;
  /** What the key names, removed ones included; empty where there never was one. */
  find(source: QuerySource, key: Key): Promise<readonly Row[]>;
  /** @throws OdographError NOT_FOUND where there is none, or none any more. */
  remove(transaction: Transaction, key: Key): Promise<Change<Row>>;
}
