import { type Allowance, meter } from './allowances';
import { type RouteCircumstances } from './circumstances';
import {
  admittedDecision,
  type Decision,
  deferredDecision,
  foldedDecision,
  leftOutDecision,
  settledDecision,
  STATE_OF,
} from './decisions';
import { type Fold } from './fold-key';
import { type Candidate, elect, type LeftOut, leftOutOf } from './folds';
import { type Verdict } from './judge';
import { type ClaimedRoute } from './route';

/** A route with what was decided about it. */
export interface Judged {
  readonly route: ClaimedRoute;
  readonly circumstances: RouteCircumstances;
  readonly verdict: Verdict;
}

/** What is true until the deciding transaction ends. */
export interface Locked {
  /** Routes that the claim still holds. */
  readonly claimed: ReadonlySet<string>;
  /** The routes that wait as leads, by fold key. */
  readonly leads: ReadonlyMap<string, string>;
  readonly allowances: ReadonlyMap<string, Allowance>;
}

/** How a route that is not published now is left. */
export interface Placement {
  readonly route: ClaimedRoute;
  readonly state: 'scheduled' | 'skipped' | 'superseded' | 'expired';
  readonly reason: string;
  readonly dueMs?: number;
  readonly foldKey?: string;
  readonly foldedInto?: string;
  readonly admittedMs?: number;
}

/** Everything that the deciding transaction writes. */
export interface Settling {
  readonly placements: readonly Placement[];
  /** Those that a throttle lets through: published now, and not asked again. */
  readonly admitted: readonly ClaimedRoute[];
  readonly spent: readonly Allowance[];
  /** Leads that become members, with those of their own. */
  readonly moves: readonly { readonly fromRouteId: string; readonly toRouteId: string }[];
  readonly leftOut: readonly LeftOut[];
  readonly decisions: readonly Decision[];
}

interface FoldCandidate extends Candidate {
  readonly fold: Fold;
  /** Of a lead that is only put off. */
  readonly deferral: Extract<Verdict, { readonly kind: 'defer' }> | undefined;
}

/** Turns the verdicts about a batch into what is to be written, under locks that keep it true. */
export function settlingOf(batch: readonly Judged[], locked: Locked, nowMs: number): Settling {
  const judged = batch.filter(({ route }) => locked.claimed.has(route.routeId));
  const metering = meter(judged.flatMap(meteredOf), locked.allowances);
  const overdrawn = metering.over.map(({ route, verdict }) => candidateOf(route, verdict.fold));
  const folding = elect([...judged.flatMap(candidatesOf), ...overdrawn], locked.leads);
  const leftOut = judged.flatMap((each) =>
    tells(each) ? leftOutOf(each.route, each.circumstances, nowMs) : [],
  );
  const plain = judged.flatMap(plainPlacementOf);
  return {
    placements: [
      ...plain.map(({ placement }) => placement),
      ...folding.leads.map(leadPlacementOf),
      ...folding.members.map(({ candidate, leadId }) => memberPlacementOf(candidate, leadId)),
    ],
    admitted: metering.admitted.map(({ metered }) => metered.route),
    spent: metering.spent,
    moves: folding.members
      .filter(({ candidate }) => candidate.hasLed)
      .map(({ candidate, leadId }) => ({ fromRouteId: candidate.route.routeId, toRouteId: leadId })),
    leftOut,
    decisions: [
      ...plain.map(({ decision }) => decision),
      ...folding.leads.map(leadDecisionOf),
      ...folding.members.map(({ candidate, leadId }) =>
        foldedDecision(candidate.route, candidate.fold, leadId),
      ),
      ...metering.admitted.map(({ metered, used }) => admittedDecision(metered.route, metered.verdict, used)),
      ...leftOut.map(leftOutDecision),
    ],
  };
}

/** Its message goes out, or is given up: its members do not wait any longer. */
const tells = ({ verdict: { kind } }: Judged): boolean =>
  kind === 'publish' || kind === 'expire' || kind === 'supersede';

const meteredOf = ({ route, verdict }: Judged) => (verdict.kind === 'meter' ? [{ route, verdict }] : []);

const candidateOf = (route: ClaimedRoute, fold: Fold): FoldCandidate => ({
  ...{ route, fold, key: fold.key },
  hasLed: false,
  deferral: undefined,
});

function candidatesOf({ route, circumstances, verdict }: Judged): FoldCandidate[] {
  if (verdict.kind === 'fold') return [candidateOf(route, verdict.fold)];
  const { foldKey } = route;
  const { leads: reason } = circumstances;
  if (verdict.kind !== 'defer' || foldKey === undefined || reason === undefined) return [];
  const fold = { reason, key: foldKey, dueMs: verdict.untilMs, origin: undefined };
  return [{ route, fold, key: foldKey, hasLed: true, deferral: verdict }];
}

function plainPlacementOf({
  route,
  circumstances,
  verdict,
}: Judged): { readonly placement: Placement; readonly decision: Decision }[] {
  if (verdict.kind === 'defer' && (route.foldKey === undefined || circumstances.leads === undefined)) {
    const { untilMs: dueMs, reason } = verdict;
    return [
      {
        placement: { route, state: 'scheduled', reason, dueMs },
        decision: deferredDecision(route, verdict),
      },
    ];
  }
  if (verdict.kind === 'skip' || verdict.kind === 'expire' || verdict.kind === 'supersede') {
    return [
      {
        placement: { route, state: STATE_OF[verdict.kind], reason: verdict.reason },
        decision: settledDecision(route, verdict),
      },
    ];
  }
  return [];
}

/** Once it is due, the fold has let it through: the time until then is what it was made to wait. */
const leadPlacementOf = ({ route, fold, deferral }: FoldCandidate): Placement => ({
  ...{ route, state: 'scheduled', dueMs: fold.dueMs, foldKey: fold.key },
  ...(deferral === undefined ? { reason: fold.reason, admittedMs: fold.dueMs } : { reason: deferral.reason }),
});

const leadDecisionOf = ({ route, fold, deferral }: FoldCandidate): Decision =>
  deferral === undefined ? foldedDecision(route, fold, undefined) : deferredDecision(route, deferral);

const memberPlacementOf = ({ route, fold }: FoldCandidate, foldedInto: string): Placement => ({
  ...{ route, state: 'superseded', reason: fold.reason, foldKey: fold.key, foldedInto },
});
