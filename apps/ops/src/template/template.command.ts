import { type Command } from 'commander';
import { INTENT_CATALOG } from '@app/common/contracts';
import { TEMPLATES, UNIT_SYSTEMS } from '@app/common/templates';
import { checkArguments, type Column, type Invocation, registerVerb, type Surroundings } from '../cli';
import { previewSchema } from './template.schema';
import { previewOf } from './template.service';

interface TemplateRow {
  readonly type: string;
  readonly locales: readonly string[];
  readonly together: boolean;
  readonly mandatory: boolean;
}

const columns: readonly Column<TemplateRow>[] = [
  { heading: 'TYPE', of: ({ type }) => type },
  { heading: 'LOCALES', of: ({ locales }) => locales.join(' ') },
  { heading: 'TOGETHER', of: ({ together }) => together },
  { heading: 'MANDATORY', of: ({ mandatory }) => mandatory },
];

/** `odo template list|preview`: the texts of notifications; needs no server. */
export function registerTemplate(program: Command, surroundings: Surroundings): void {
  const command = program.command('template').description('texts of notifications, as users read them');
  registerVerb(command, surroundings, {
    usage: 'list',
    summary: 'list the templates, their languages, and whether several notifications can be told as one',
    example: 'odo template list',
    run: list,
  });
  registerVerb(command, surroundings, {
    usage: 'preview <type>',
    summary: 'write the mail of a notification type',
    example: 'odo template preview vehicle.overspeed.started --locale pt-BR --units imperial',
    notes:
      'Without --payload it tells of a sample. A file holds one payload, or an array of those that are told as one.\n' +
      'A locale that the template does not have falls back: pt-BR, pt, en.',
    run: preview,
  })
    .option('--locale <tag>', 'language of the reader (default: en)')
    .option('--timezone <name>', 'IANA name of the zone of the reader (default: UTC)')
    .option('--units <system>', `${UNIT_SYSTEMS.join(' or ')} (default: metric)`)
    .option('--payload <file>', 'JSON file with the payload of the intent')
    .option('--at <moment>', 'when it happened (default: now)')
    .option('--count <n>', 'tell of so many at once')
    .option('--html', 'write the HTML part in place of the text');
}

function list(invocation: Invocation): Promise<void> {
  const rows = TEMPLATES.ids.map((type) => ({
    type,
    locales: TEMPLATES.localesOf(type),
    together: TEMPLATES.textsOf(type, 'en')?.list !== undefined,
    mandatory: INTENT_CATALOG.get(type)?.mandatory ?? false,
  }));
  invocation.answerRows(columns, rows);
  return Promise.resolve();
}

function preview(invocation: Invocation, type: string | undefined): Promise<void> {
  const options = checkArguments(previewSchema, { type }, invocation.options);
  const mail = previewOf(invocation.directory, options);
  invocation.answer(mail, () =>
    options.html ? mail.html : `Locale: ${mail.locale}\nSubject: ${mail.subject}\n\n${mail.text}`,
  );
  return Promise.resolve();
}
