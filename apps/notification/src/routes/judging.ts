import { type ClaimedRoute } from './route';

/** A route that goes out now. */
export interface Admitted {
  readonly route: ClaimedRoute;
  /** Of a lead: what it tells of together with itself. */
  readonly fold?: FoldContents;
}

/** What was folded into a route. */
export interface FoldContents {
  /** How many notifications it stands for, itself among them. */
  readonly collapsedCount: number;
  /** By event time, its own among them; of many only the first ones. */
  readonly items: readonly FoldItem[];
}

/** One of the notifications that a message tells of. */
export interface FoldItem {
  readonly occurredAtMs: number;
  readonly payload: unknown;
}

/** What became of a claimed batch. */
export interface Decided {
  readonly publish: readonly Admitted[];
  /** Routes that the judging has settled itself, or given back: the publisher leaves them alone. */
  readonly settled: readonly ClaimedRoute[];
}

/**
 * Decides of claimed routes whether and when they go out. The publisher calls it once a batch, between claim and
 * encoding, with routes of one channel and lane; those among them that were in doubt the sink has been made to refuse to
 * earlier holders already, so that a route may be settled here without publishing. Each write goes by the token.
 */
export interface Judging {
  decide(token: string, routes: readonly ClaimedRoute[]): Promise<Decided>;
}

/** Lets everything through. */
export const PASS_THROUGH: Judging = {
  decide: (_token, routes) => Promise.resolve({ publish: routes.map((route) => ({ route })), settled: [] }),
};

/** Injection token of the {@link Judging}. */
export const JUDGING = Symbol('Judging');
