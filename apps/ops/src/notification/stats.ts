import { z } from 'zod';
import { statement, type QuerySource } from '@app/common/database';
import { ageText, checkArguments, formatTable, momentField, type Column, type Invocation } from '../cli';
import countOthers from './sql/count-others.sql';
import countRoutes from './sql/count-routes.sql';

const COUNT_OTHERS = statement('notification_count_others', countOthers);
const COUNT_ROUTES = statement('notification_count_routes', countRoutes);

const statsSchema = z.object({ since: momentField.optional() });
const DAY_MS = 86_400_000;

interface RouteCount {
  readonly channel: string;
  readonly lane: string;
  readonly state: string;
  readonly reason: string | null;
  readonly routes: number;
  readonly due: number;
  readonly oldest: Date;
  readonly next_at: Date | null;
  readonly oldest_age_ms: number;
}

interface OtherCount {
  /** waiting: accepted, but not routed yet; dead letters that nothing was done about; malformed intents. */
  readonly what: string;
  readonly code: string;
  readonly count: number;
  readonly oldest: Date;
  readonly oldest_age_ms: number;
}

const routeColumns: readonly Column<RouteCount>[] = [
  { heading: 'CHANNEL', of: ({ channel }) => channel },
  { heading: 'LANE', of: ({ lane }) => lane },
  { heading: 'STATE', of: ({ state }) => state },
  { heading: 'REASON', of: ({ reason }) => reason },
  { heading: 'ROUTES', of: ({ routes }) => routes },
  { heading: 'DUE', of: ({ due }) => due },
  { heading: 'OLDEST', of: ({ oldest_age_ms: ms }) => ageText(ms) },
  { heading: 'NEXT', of: ({ next_at: at }) => at },
];
const otherColumns: readonly Column<OtherCount>[] = [
  { heading: 'WHAT', of: ({ what }) => what },
  { heading: 'CODE', of: ({ code }) => code },
  { heading: 'COUNT', of: ({ count }) => count },
  { heading: 'OLDEST', of: ({ oldest_age_ms: ms }) => ageText(ms) },
];

/** `odo notification stats` */
export async function stats(invocation: Invocation): Promise<void> {
  const { since = new Date(Date.now() - DAY_MS) } = checkArguments(statsSchema, {}, invocation.options);
  const { routes, others } = await invocation.read((database) => countsOf(database, since, Date.now()));
  invocation.answer({ since, routes, others }, () =>
    [
      formatTable(routeColumns, routes),
      ...(others.length === 0 ? [] : ['\n', formatTable(otherColumns, others)]),
    ].join(''),
  );
}

async function countsOf(
  source: QuerySource,
  since: Date,
  nowMs: number,
): Promise<{ readonly routes: readonly RouteCount[]; readonly others: readonly OtherCount[] }> {
  const aged = <Row extends { readonly oldest: Date }>(
    row: Row,
  ): Row & { readonly oldest_age_ms: number } => ({
    ...row,
    oldest_age_ms: Math.max(0, nowMs - row.oldest.getTime()),
  });
  const routes = await source.query<Omit<RouteCount, 'oldest_age_ms'>>(COUNT_ROUTES, [since]);
  const others = await source.query<Omit<OtherCount, 'oldest_age_ms'>>(COUNT_OTHERS, [since]);
  return { routes: routes.map(aged), others: others.map(aged) };
}
