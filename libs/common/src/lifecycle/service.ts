/**
 * Where a service stands in the order of start and stop. Start goes down this list and stop goes up it: work begins
 * when leases can be had, and leases are given back only when no work is left that they protect.
 */
export const STAGES = ['stores', 'leases', 'work'] as const;
export type Stage = (typeof STAGES)[number];

/** A long-lived part of an app: a connection, an ownership loop, a consumer, a listener. */
export interface Service {
  readonly name: string;
  readonly stage: Stage;
  /** Resolves when the service does its work; a rejection stops the app. */
  start(): Promise<void>;
  /**
   * Stops taking in, finishes what is in hand, gives back what it holds. Must bear being called before `start`, twice,
   * and while `start` is still under way. Work that does not fit into the budget is left for redelivery.
   */
  stop(budgetMs: number): Promise<void>;
  /** What it holds right now, for the panic file: ids and counts, never secrets. */
  snapshot?(): Record<string, unknown>;
}
