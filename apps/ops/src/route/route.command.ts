import { type Command } from 'commander';
import { CHANNELS } from '@app/common/contracts';
import {
  checkArguments,
  formatFields,
  formatTable,
  maskAddress,
  registerVerb,
  withMaskedImeis,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { detailText } from './detail-text';
import {
  listSchema,
  retrySchema,
  ROUTE_STATES,
  showSchema,
  skipSchema,
  type ChosenRoutes,
} from './route.schema';
import {
  changeRoutes,
  decisionsOf,
  findRoute,
  listRoutes,
  MOST_ROUTES,
  type DecisionRow,
  type RouteAction,
  type RouteRow,
} from './route.service';

const columns: readonly Column<RouteRow>[] = [
  { heading: 'ROUTE', of: ({ route_id: id }) => id },
  { heading: 'TYPE', of: ({ notification_type: type }) => type },
  { heading: 'SUBJECT', of: ({ subject }) => subject },
  { heading: 'LANE', of: ({ lane }) => lane },
  { heading: 'STATE', of: ({ state }) => state },
  { heading: 'REASON', of: ({ reason }) => reason },
  { heading: 'ATTEMPTS', of: ({ attempts, max_attempts: most }) => `${attempts}/${most}` },
  { heading: 'NEXT', of: ({ next_attempt_at: at }) => at },
  { heading: 'FOLDED', of: ({ members }) => members },
  { heading: 'ACCEPTED', of: ({ accepted_at: at }) => at },
];
const decisionColumns: readonly Column<DecisionRow>[] = [
  { heading: 'DECIDED', of: ({ decided_at: at }) => at },
  { heading: 'ATTEMPT', of: ({ attempt }) => attempt },
  { heading: 'DECISION', of: ({ decision }) => decision },
  { heading: 'REASON', of: ({ reason }) => reason },
  { heading: 'DETAIL', of: ({ detail }) => detailText(detail) },
];

const CHOICE = `Name one route, or choose by the filters or --all; at most ${MOST_ROUTES} at once.`;

const filters = (verb: Command): Command =>
  verb
    .option('--state <state...>', `in these states only: ${ROUTE_STATES.join(', ')}`)
    .option('--channel <channel>', `on this channel only: ${CHANNELS.join(', ')}`)
    .option('--recipient <user>', 'for this user, or administrator, only')
    .option('--type <type>', 'of this notification type only')
    .option('--subject <imei>', 'about this device only')
    .option('--tenant <id>', 'of this tenant only')
    .option('--since <moment>', 'of notifications that were accepted from then on');
const choice = (verb: Command): Command =>
  filters(verb)
    .option('--all', 'all that wait')
    .option('--dry-run', 'tell what would be done and do nothing');

/** `odo route list|show|retry|skip`: one recipient's copy of a notification on one channel. */
export function registerRoute(program: Command, surroundings: Surroundings): void {
  const route = program
    .command('route')
    .description("a recipient's copy of a notification on one channel: look, hurry, give up");
  filters(
    registerVerb(route, surroundings, {
      usage: 'list',
      summary: 'list routes, those of the newest notifications first',
      example: 'odo route list --state retrying scheduled --channel email',
      notes: 'IMEIs are masked unless --full.',
      run: list,
    }),
  )
    .option('--limit <n>', 'how many (default: 50)')
    .option('--full', 'show IMEIs as they are');
  registerVerb(route, surroundings, {
    usage: 'show <route>',
    summary: 'show a route and every decision about it',
    example: 'odo route show push:2c1f0d7e-5a3b-5c4d-8e9f-0a1b2c3d4e5f:ann',
    notes: '`odo notification why` tells the whole story of its notification.',
    run: show,
  }).option('--full', 'show addresses and IMEIs as they are');
  choice(
    registerVerb(route, surroundings, {
      usage: 'retry [route]',
      summary: 'make routes due now that wait for a later attempt',
      example: 'odo route retry --state retrying --channel email --dry-run',
      notes:
        `${CHOICE} Everything is asked again at the attempt: in quiet hours it is put off again. A digest, a\n` +
        'gathering or what a throttle held back goes out early. One that is being published is left alone.',
      run: (invocation, named) =>
        change(invocation, 'retry', checkArguments(retrySchema, { route: named }, invocation.options)),
    }),
  ).option('--reason <text>', 'why, for the audit');
  choice(
    registerVerb(route, surroundings, {
      usage: 'skip [route]',
      summary: 'give up routes that wait: nobody is told',
      example: 'odo route skip --subject 356307042441013 --type vehicle.offline --reason "in the workshop"',
      notes: `${CHOICE} What is folded into one is not told of either. One that is being published is left alone.`,
      run: (invocation, named) =>
        change(invocation, 'skip', checkArguments(skipSchema, { route: named }, invocation.options)),
    }),
  ).requiredOption('--reason <text>', 'why, for the audit');
}

async function list(invocation: Invocation): Promise<void> {
  const { full, ...filter } = checkArguments(listSchema, {}, invocation.options);
  const routes = await invocation.read((database) => listRoutes(database, filter));
  invocation.answerRows(
    columns,
    routes.map((route) => (full ? route : { ...route, subject: withMaskedImeis(route.subject) })),
  );
}

async function show(invocation: Invocation, named: string | undefined): Promise<void> {
  const { route: id, full } = checkArguments(showSchema, { route: named }, invocation.options);
  const { route, decisions } = await invocation.read(async (database) => ({
    route: await findRoute(database, id),
    decisions: await decisionsOf(database, [id]),
  }));
  const { address, subject } = route;
  const masked = {
    address: address === null ? null : maskAddress(address),
    subject: withMaskedImeis(subject),
  };
  const shown = full ? route : { ...route, ...masked };
  invocation.answer(
    { ...shown, decisions },
    () => `${formatFields(shown)}\ndecisions\n${formatTable(decisionColumns, decisions)}`,
  );
}

async function change(
  invocation: Invocation,
  kind: RouteAction['kind'],
  choice: ChosenRoutes,
): Promise<void> {
  const { dry_run: dryRun, reason } = choice;
  const action = { kind, by: invocation.actor(), why: reason };
  const changes = await invocation.edit(`route.${kind}`, (tx) => changeRoutes(tx, choice, action), {
    dryRun,
  });
  const routes = changes.map(({ before, after }) => after ?? before);
  const verb = kind === 'retry' ? 'due now' : 'skipped';
  const folded = changes.reduce((sum, { before }) => sum + (before?.members ?? 0), 0);
  const alongside = folded === 0 ? '' : `, with ${folded} folded into ${routes.length === 1 ? 'it' : 'them'}`;
  invocation.answer({ routes, dry_run: dryRun }, () =>
    dryRun
      ? `${routes.length} would be ${verb}${alongside} (dry run: nothing was done)\n`
      : `${routes.length} ${verb}${alongside}\n`,
  );
}
