import { type Database, statement, type Transaction } from '@app/common/database';
import { type Allowance, allowanceKeyOf } from './allowances';
import { type Decision, STATE_OF } from './decisions';
import { type ClaimedRoute } from './route';
import { type Locked, type Settling } from './settling';
import admitRoutes from './sql/admit-routes.sql';
import findLeads from './sql/find-leads.sql';
import leaveOutMembers from './sql/leave-out-members.sql';
import lockAllowances from './sql/lock-allowances.sql';
import lockClaimed from './sql/lock-claimed.sql';
import lockFolds from './sql/lock-folds.sql';
import moveMembers from './sql/move-members.sql';
import openAllowances from './sql/open-allowances.sql';
import settleVerdicts from './sql/settle-verdicts.sql';
import spendAllowances from './sql/spend-allowances.sql';
import insertDecisions from './sql/write-decisions.sql';

const STATEMENTS = {
  admit: statement('judging.admit', admitRoutes),
  findLeads: statement('judging.find-leads', findLeads),
  leaveOut: statement('judging.leave-out', leaveOutMembers),
  lockAllowances: statement('judging.lock-allowances', lockAllowances),
  lockClaimed: statement('judging.lock-claimed', lockClaimed),
  lockFolds: statement('judging.lock-folds', lockFolds),
  moveMembers: statement('judging.move-members', moveMembers),
  openAllowances: statement('judging.open-allowances', openAllowances),
  settle: statement('judging.settle', settleVerdicts),
  spendAllowances: statement('judging.spend-allowances', spendAllowances),
  writeDecisions: statement('judging.write-decisions', insertDecisions),
};

/** What a deciding transaction asks for before it decides. */
export interface Question {
  readonly token: string;
  readonly routes: readonly ClaimedRoute[];
  /** Keys that routes may be folded under. */
  readonly foldKeys: readonly string[];
  readonly allowances: readonly Omit<Allowance, 'used'>[];
}

/** The statements of the deciding transaction. All instances lock in the same order, so that none waits in a ring. */
export class DecidingStore {
  constructor(private readonly database: Database) {}

  /**
   * Asks under locks, lets decide and writes it down: two round trips.
   *
   * @throws what the database says; nothing is decided then.
   */
  async decide(question: Question, decide: (locked: Locked) => Settling): Promise<[Locked, Settling]> {
    return this.database.transaction(async (transaction) => {
      const locked = await lock(transaction, question);
      const settling = decide(locked);
      write(transaction, question, settling);
      return [locked, settling];
    });
  }
}

async function lock(transaction: Transaction, question: Question): Promise<Locked> {
  const keys = [...new Set(question.foldKeys)].sort();
  const [claimed, , leads, allowances] = await Promise.all([
    transaction.query<{ route_id: string }>(STATEMENTS.lockClaimed, [
      question.routes.map(({ routeId }) => routeId),
      question.token,
    ]),
    keys.length === 0 ? undefined : transaction.query(STATEMENTS.lockFolds, [keys]),
    keys.length === 0
      ? []
      : transaction.query<{ fold_key: string; route_id: string }>(STATEMENTS.findLeads, [keys]),
    lockedAllowances(transaction, question),
  ]);
  return {
    claimed: new Set(claimed.map(({ route_id }) => route_id)),
    leads: new Map(leads.map(({ fold_key, route_id }) => [fold_key, route_id])),
    allowances,
  };
}

async function lockedAllowances(
  transaction: Transaction,
  { routes, allowances }: Question,
): Promise<ReadonlyMap<string, Allowance>> {
  const [first] = routes;
  if (allowances.length === 0 || first === undefined) return new Map();
  const asked = allowances.toSorted((a, b) => (allowanceKeyOf(a) < allowanceKeyOf(b) ? -1 : 1));
  const names = [
    first.channel,
    asked.map(({ recipient }) => recipient),
    asked.map(({ notificationType }) => notificationType),
  ];
  const [, rows] = await Promise.all([
    transaction.query(STATEMENTS.openAllowances, [...names, asked.map(({ windowStartMs }) => windowStartMs)]),
    transaction.query<AllowanceRow>(STATEMENTS.lockAllowances, names),
  ]);
  return new Map(rows.map(allowanceOf).map((allowance) => [allowanceKeyOf(allowance), allowance]));
}

interface AllowanceRow {
  readonly recipient: string;
  readonly notification_type: string;
  readonly window_starts_at: Date;
  readonly used: number;
}

const allowanceOf = (row: AllowanceRow): Allowance => ({
  recipient: row.recipient,
  notificationType: row.notification_type,
  windowStartMs: row.window_starts_at.getTime(),
  used: row.used,
});

function write(transaction: Transaction, { token, routes }: Question, settling: Settling): void {
  const { placements, admitted, spent, moves, leftOut, decisions } = settling;
  const [first] = routes;
  if (placements.length > 0) {
    transaction.send(STATEMENTS.settle, [
      token,
      placements.map(({ route }) => route.routeId),
      placements.map(({ state }) => state),
      placements.map(({ reason }) => reason),
      placements.map(({ dueMs }) => dueMs ?? null),
      placements.map(({ foldKey }) => foldKey ?? null),
      placements.map(({ foldedInto }) => foldedInto ?? null),
      placements.map(({ admittedMs }) => admittedMs ?? null),
    ]);
  }
  if (admitted.length > 0 && first !== undefined) {
    transaction.send(STATEMENTS.admit, [token, admitted.map(({ routeId }) => routeId)]);
    transaction.send(STATEMENTS.spendAllowances, [
      first.channel,
      spent.map(({ recipient }) => recipient),
      spent.map(({ notificationType }) => notificationType),
      spent.map(({ windowStartMs }) => windowStartMs),
      spent.map(({ used }) => used),
    ]);
  }
  if (moves.length > 0) {
    transaction.send(STATEMENTS.moveMembers, [
      moves.map(({ fromRouteId }) => fromRouteId),
      moves.map(({ toRouteId }) => toRouteId),
    ]);
  }
  if (leftOut.length > 0) {
    transaction.send(STATEMENTS.leaveOut, [
      leftOut.map(({ event }) => event.routeId),
      leftOut.map(({ fate }) => STATE_OF[fate.kind]),
      leftOut.map(({ fate }) => fate.reason),
    ]);
  }
  writeDecisions(transaction, decisions);
}

function writeDecisions(transaction: Transaction, decisions: readonly Decision[]): void {
  if (decisions.length === 0) return;
  transaction.send(STATEMENTS.writeDecisions, [
    decisions.map(({ routeId }) => routeId),
    decisions.map(({ attempt }) => attempt),
    decisions.map(({ decision }) => decision),
    decisions.map(({ reason }) => reason),
    decisions.map(({ detail }) => JSON.stringify(detail)),
  ]);
}
