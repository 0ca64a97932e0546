import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change } from '../cli';
import { type ChosenRoutes, type RouteFilter } from './route.schema';
import findLetterStatement from './sql/find-letter.sql';
import findRouteStatement from './sql/find-route.sql';
import listDecisionsStatement from './sql/list-decisions.sql';
import listRoutesStatement from './sql/list-routes.sql';
import retryRoutesStatement from './sql/retry-routes.sql';
import skipRoutesStatement from './sql/skip-routes.sql';

const DECISIONS = statement('route_list_decisions', listDecisionsStatement);
const FIND = statement('route_find', findRouteStatement);
const FIND_LETTER = statement('route_find_letter', findLetterStatement);
const LIST = statement('route_list', listRoutesStatement);
const RETRY = statement('route_retry', retryRoutesStatement);
const SKIP = statement('route_skip', skipRoutesStatement);

/** More would hold their rows for longer than a publisher waits; the rest is for the next call. */
export const MOST_ROUTES = 10_000;

/** A route as lists show it. */
export interface RouteRow {
  readonly route_id: string;
  readonly notification_id: string;
  readonly tenant_id: string;
  readonly notification_type: string;
  readonly subject: string;
  readonly channel: string;
  readonly lane: string;
  readonly recipient: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly next_attempt_at: Date | null;
  readonly leased_until: Date | null;
  readonly published_at: Date | null;
  readonly folded_into: string | null;
  readonly last_error: string | null;
  readonly accepted_at: Date;
  /** How many are folded into it. */
  readonly members: number;
}

/** Everything that its row and its record say, without the payload. */
export interface ShownRoute extends RouteRow {
  readonly producer: string;
  readonly idempotency_key: string;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly address: string | null;
  readonly locale: string;
  readonly timezone: string;
  readonly units: string;
  readonly collapse_key: string | null;
  readonly fold_key: string | null;
  readonly admitted_at: Date | null;
  readonly replay_of: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly stream_entry_id: string | null;
}

/** A row of notification.route_decision. */
export interface DecisionRow {
  readonly route_id: string;
  readonly attempt: number;
  readonly decision: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly decided_at: Date;
}

/** Those of the newest notifications first. */
export function listRoutes(
  source: QuerySource,
  { state, channel, recipient, type, subject, tenant, since, route, limit }: RouteFilter,
): Promise<readonly RouteRow[]> {
  const where = [channel, recipient, type, subject, tenant, since, route].map((each) => each ?? null);
  return source.query<RouteRow>(LIST, [state ?? null, ...where, limit]);
}

/** @throws OdographError NOT_FOUND */
export async function findRoute(source: QuerySource, routeId: string): Promise<ShownRoute> {
  const [route] = await source.query<ShownRoute>(FIND, [routeId]);
  if (route === undefined) throw new OdographError('NOT_FOUND', { detail: `no route ${routeId}` });
  return route;
}

/** In the order in which they were taken. */
export function decisionsOf(
  source: QuerySource,
  routeIds: readonly string[],
): Promise<readonly DecisionRow[]> {
  return source.query<DecisionRow>(DECISIONS, [routeIds]);
}

const WAITING = ['pending', 'scheduled', 'retrying'] as const;

/** What an operator does to routes that wait. */
export interface RouteAction {
  readonly kind: 'retry' | 'skip';
  readonly by: string;
  readonly why: string | undefined;
}

/**
 * Makes routes due now, or gives them up. Those that are being published are never touched.
 *
 * @throws OdographError INPUT_INVALID where nothing is chosen or both one and all are; of a single one NOT_FOUND,
 * STILL_IN_USE while it is being published, WRONG_STATE where there is nothing to retry or skip any more.
 */
export async function changeRoutes(
  transaction: Transaction,
  choice: ChosenRoutes,
  { kind, by, why }: RouteAction,
): Promise<readonly Change<RouteRow>[]> {
  const routes = await chosen(transaction, choice, kind);
  const ids = routes.map(({ route_id: id }) => id);
  const done = await transaction.query<{ route_id: string }>(kind === 'retry' ? RETRY : SKIP, [
    ...[ids, by, why ?? null],
  ]);
  const changed = new Set(done.map(({ route_id: id }) => id));
  if (choice.route !== undefined && changed.size === 0) await refuse(transaction, choice.route, kind);
  const after = await Promise.all([...changed].map((id) => listRoutes(transaction, { route: id, limit: 1 })));
  const byId = new Map(after.flat().map((route) => [route.route_id, route]));
  return routes.flatMap((before) => {
    const now = byId.get(before.route_id);
    if (now === undefined) return [];
    const subject = before.route_id;
    return [{ outcome: 'updated' as const, tenantId: before.tenant_id, subject, before, after: now }];
  });
}

async function chosen(
  transaction: Transaction,
  { route, all, dry_run: _dryRun, reason: _reason, state, ...filter }: ChosenRoutes,
  kind: RouteAction['kind'],
): Promise<readonly RouteRow[]> {
  const hasFilter = all || state !== undefined || Object.values(filter).some((each) => each !== undefined);
  if ((route === undefined) !== hasFilter) {
    throw new OdographError('INPUT_INVALID', { detail: 'name one route, or choose by filters or --all' });
  }
  if (route !== undefined) {
    const row = await findRoute(transaction, route);
    if (!canBeDone(row, kind)) await refuse(transaction, route, kind);
    return [row];
  }
  const wanted = WAITING.filter((each) => state === undefined || state.includes(each));
  if (wanted.length === 0) {
    throw new OdographError('INPUT_INVALID', {
      detail: `--state names none that waits: ${WAITING.join(', ')}`,
    });
  }
  const rows = await listRoutes(transaction, { ...filter, state: wanted, limit: MOST_ROUTES });
  return rows.filter((row) => canBeDone(row, kind));
}

/** What is due already is not made due. */
function canBeDone({ state, next_attempt_at: dueAt }: RouteRow, kind: RouteAction['kind']): boolean {
  if (!WAITING.some((each) => each === state)) return false;
  return kind === 'skip' || (dueAt !== null && dueAt.getTime() > Date.now());
}

async function refuse(source: QuerySource, routeId: string, kind: RouteAction['kind']): Promise<never> {
  const route = await findRoute(source, routeId);
  const { state, reason, leased_until: leasedUntil, published_at: publishedAt } = route;
  if (state === 'publishing') {
    throw new OdographError('STILL_IN_USE', {
      detail: `it is being published: a publisher holds it until ${leasedUntil?.toISOString() ?? 'soon'}`,
    });
  }
  const detail = await sentenceOf(source, { routeId, kind, state, reason, publishedAt });
  throw new OdographError('WRONG_STATE', { detail });
}

async function sentenceOf(
  source: QuerySource,
  {
    routeId,
    kind,
    state,
    reason,
    publishedAt,
  }: {
    readonly routeId: string;
    readonly kind: RouteAction['kind'];
    readonly state: string;
    readonly reason: string | null;
    readonly publishedAt: Date | null;
  },
): Promise<string> {
  if (state === 'published') return `it was published at ${publishedAt?.toISOString() ?? 'an earlier time'}`;
  if (state === 'dead_lettered') {
    const [found] = await source.query<{ letter: string }>(FIND_LETTER, [routeId]);
    const letter = found?.letter ?? '<letter>';
    return `it is dead (${reason ?? ''}): \`odo notification dlq ${kind === 'retry' ? 'replay' : 'resolve'} ${letter}\``;
  }
  if (WAITING.some((each) => each === state)) return 'it is due already: a publisher takes it next';
  return `it is ${state} already (${reason ?? ''})`;
}
