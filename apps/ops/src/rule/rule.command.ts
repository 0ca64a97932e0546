import { type Command } from 'commander';
import { readCsv, registerNoun, type Noun, type Surroundings } from '../cli';
import { ruleDraft, ruleKey, type RuleDraft, type RuleKey } from './rule.schema';
import { findRules, listRules, putRule, removeRule, type RuleRow } from './rule.service';

const FILE_COLUMNS = [
  'name',
  'kind',
  'limit_kmh',
  'tolerance_kmh',
  'min_duration_s',
  'device',
  'since',
  'tenant',
];

const tenantOption = (command: Command): Command =>
  command.option('--tenant <id>', 'tenant whose devices it judges (default: "default")');

const ruleNoun: Noun<RuleDraft, RuleKey, RuleRow> = {
  name: 'rule',
  thing: 'rule',
  summary: 'what counts as an event, such as driving too fast',
  argument: 'name',
  columns: [
    { heading: 'NAME', of: ({ name }) => name },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'KIND', of: ({ kind }) => kind },
    { heading: 'DEVICE', of: ({ device }) => device ?? 'all' },
    { heading: 'SETTINGS', of: ({ settings }) => settingsText(settings) },
    { heading: 'VERSION', of: ({ version }) => version },
    { heading: 'VALID_FROM', of: ({ valid_from: validFrom }) => validFrom },
  ],
  draft: ruleDraft,
  key: ruleKey,
  addOptions: (command) =>
    tenantOption(
      command
        .requiredOption('--kind <kind>', 'overspeed')
        .option('--limit-kmh <speed>', 'overspeed: an episode ends at this speed or below it')
        .option(
          '--tolerance-kmh <speed>',
          'overspeed: an episode begins above limit + tolerance (default: 0)',
        )
        .option('--min-duration-s <seconds>', 'overspeed: how long it must last to begin (default: 0)')
        .option('--device <imei>', 'judge this device only (default: every device of the tenant)')
        .option('--since <moment>', 'judge records from this event time on (default: now)'),
    ),
  showOptions: tenantOption,
  removeOptions: tenantOption,
  examples: {
    add: 'odo rule add "City limit" --kind overspeed --limit-kmh 50 --tolerance-kmh 5 --min-duration-s 10',
    show: 'odo rule show "City limit"',
    remove: 'odo rule remove "City limit"',
    import: 'odo rule import rules.csv',
  },
  addNotes: [
    'A rule that is there already becomes what is given, as a new version; what is left out is the default again.',
    'A moment is 2026-01-31T08:00:00Z, 2026-01-31, 1769846400 (seconds or milliseconds since 1970) or epoch.',
  ].join('\n'),
  file: {
    kind: 'CSV',
    notes: [
      `A header row names the columns: ${FILE_COLUMNS.join(', ')}.`,
      'For example:',
      '  name,kind,limit_kmh,device',
      '  City limit,overspeed,50,',
    ].join('\n'),
    read: (text) => readCsv(text, ruleDraft, FILE_COLUMNS),
    identify: ({ tenant, name }) => JSON.stringify([tenant, name]),
  },
  put: putRule,
  list: listRules,
  find: findRules,
  remove: removeRule,
};

function settingsText(settings: RuleRow['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** `odo rule add|list|show|remove|import`. */
export function registerRule(program: Command, surroundings: Surroundings): void {
  registerNoun(program, surroundings, ruleNoun);
}
