import { type Database } from '@app/common/database';
import { type Logger, type Metrics } from '@app/common/observability';
import { CircumstanceStore } from './circumstances';
import { DecidingStore } from './deciding';
import { contentsOf, leftOutOf, MOST_ITEMS, type Told, toldBy } from './folds';
import { judge } from './judge';
import { type Admitted, type Decided, type Judging } from './judging';
import { type ClaimedRoute } from './route';
import { type Judged, type Settling, settlingOf } from './settling';

export interface JudgementOptions {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Another "now" than the database's, for specs. */
  readonly now?: () => number;
}

/** What is published now, and what it tells of where that is more than itself. */
interface Message {
  readonly route: ClaimedRoute;
  readonly told: Told | undefined;
}

/**
 * Judges claimed routes by what the tables say now. Where all of a batch is to be published that is one round trip;
 * what is anything else is settled in one transaction, with a row for each decision.
 */
export class Judgement implements Judging {
  private readonly circumstances: CircumstanceStore;
  private readonly deciding: DecidingStore;

  constructor(private readonly options: JudgementOptions) {
    this.circumstances = new CircumstanceStore(options.database);
    this.deciding = new DecidingStore(options.database);
  }

  async decide(token: string, routes: readonly ClaimedRoute[]): Promise<Decided> {
    const nowMs = this.options.now?.() ?? claimedAtMs(routes);
    const judged = await this.judge(routes, nowMs);
    const isDecided = (each: Judged) =>
      each.verdict.kind !== 'publish' || leftOutOf(each.route, each.circumstances, nowMs).length > 0;
    const open = judged.filter(isDecided);
    const admitted = new Set(judged.filter((each) => !open.includes(each)).map(({ route }) => route.routeId));
    if (open.length > 0) {
      for (const route of await this.settle(token, open, nowMs)) admitted.add(route.routeId);
    }
    const isAdmitted = ({ route }: { readonly route: ClaimedRoute }) => admitted.has(route.routeId);
    const messages = judged
      .filter(isAdmitted)
      .map(({ route, circumstances }) => ({ route, told: toldBy(route, circumstances, nowMs) }));
    return {
      publish: await this.written(messages),
      settled: routes.filter((route) => !isAdmitted({ route })),
    };
  }

  private async judge(routes: readonly ClaimedRoute[], nowMs: number): Promise<readonly Judged[]> {
    const known = await this.circumstances.find(routes);
    return routes.map((route) => {
      const circumstances = known.get(route.routeId);
      if (circumstances === undefined) throw new Error(`no circumstances of ${route.routeId}`);
      return { route, circumstances, verdict: judge(route, circumstances, nowMs) };
    });
  }

  /** Resolves to those that are to be published nevertheless. */
  private async settle(token: string, open: readonly Judged[], nowMs: number): Promise<ClaimedRoute[]> {
    const question = {
      token,
      routes: open.map(({ route }) => route),
      foldKeys: open.flatMap(foldKeysOf),
      allowances: open.flatMap(allowancesOf),
    };
    const [{ claimed }, settling] = await this.deciding.decide(question, (locked) =>
      settlingOf(open, locked, nowMs),
    );
    this.measure(settling, open.filter(({ route }) => !claimed.has(route.routeId)).length);
    const published = open.filter(
      ({ route, verdict }) => verdict.kind === 'publish' && claimed.has(route.routeId),
    );
    return [...published.map(({ route }) => route), ...settling.admitted];
  }

  /** Messages that tell of several events, with their payloads. */
  private async written(messages: readonly Message[]): Promise<Admitted[]> {
    const wanted = messages.flatMap(({ told }) => told?.events.slice(0, MOST_ITEMS) ?? []);
    const faces = messages.flatMap(({ told }) => (told === undefined ? [] : [told.face]));
    const own = new Map(messages.map(({ route }) => [route.notificationId, route.payloadJson]));
    const missing = [...wanted, ...faces].filter(({ notificationId }) => !own.has(notificationId));
    const found = await this.circumstances.payloads([
      ...new Set(missing.map(({ notificationId }) => notificationId)),
    ]);
    const payloads = new Map([...found, ...own]);
    return messages.map((message) => admittedOf(message, payloads));
  }

  private measure({ placements, leftOut, decisions }: Settling, lost: number): void {
    const routes = this.options.metrics.counter('notification_routes_total');
    const decided = this.options.metrics.counter('notification_route_decisions_total');
    for (const { route, state } of placements) routes.inc({ channel: route.channel, state });
    const channel = placements[0]?.route.channel ?? leftOut[0]?.lead.channel;
    if (channel !== undefined) {
      for (const { decision, reason } of decisions) decided.inc({ channel, decision, reason });
    }
    if (lost > 0) this.options.logger.warn({ event: 'route_lease_lost', routes: lost });
  }
}

/** The database's clock: the one by which routes are due, whatever this instance's says. */
const claimedAtMs = (routes: readonly ClaimedRoute[]): number =>
  Math.floor(Math.max(...routes.map(({ claimedAtUs }) => claimedAtUs)) / 1000);

function foldKeysOf({ route, verdict }: Judged): string[] {
  if (verdict.kind === 'fold' || verdict.kind === 'meter') return [verdict.fold.key];
  return verdict.kind === 'defer' && route.foldKey !== undefined ? [route.foldKey] : [];
}

const allowancesOf = ({ route, verdict }: Judged) =>
  verdict.kind === 'meter'
    ? [
        {
          recipient: route.recipient,
          notificationType: route.notificationType,
          windowStartMs: verdict.windowStartMs,
        },
      ]
    : [];

function admittedOf({ route, told }: Message, payloads: ReadonlyMap<string, string>): Admitted {
  if (told === undefined) return { route };
  const { face, expiresAtMs } = told;
  const payloadJson = payloads.get(face.notificationId) ?? route.payloadJson;
  const fold = contentsOf(told, payloads);
  return {
    route: { ...route, payloadJson, occurredAtMs: face.occurredAtMs, expiresAtMs },
    ...(fold === undefined ? {} : { fold }),
  };
}
