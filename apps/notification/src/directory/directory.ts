import { type Transaction } from '@app/common/database';

export type Units = 'metric' | 'imperial';

/** A person as notifications know one. */
export interface UserAccount {
  readonly userId: string;
  /** Undefined for somebody who can be told by push alone. */
  readonly email: string | undefined;
  /** BCP 47 tag. */
  readonly locale: string;
  /** IANA zone. */
  readonly timezone: string;
  readonly units: Units;
  readonly enabled: boolean;
}

/** What a directory can say at once. */
export interface FoundAccounts {
  /** By user id. An id that is neither here nor unresolved is nobody's. */
  readonly accounts: ReadonlyMap<string, UserAccount>;
  /** Ids that have to be looked up first. */
  readonly unresolved: ReadonlySet<string>;
}

export interface LookUpRequest {
  readonly userIds: readonly string[];
  /** Before all that is not. */
  readonly urgent: boolean;
}

/** Whether lookups make sense now. */
export interface Readiness {
  /** How long there should be none, in milliseconds. */
  readonly restMs: number;
  /** So many users at one time. */
  readonly most: number;
}

/** Injection token of the app's {@link Directory}. */
export const DIRECTORY = Symbol('directory');

/** The port to whoever knows who a user id is. */
export interface Directory {
  /** Whether {@link find} may leave ids unresolved. */
  readonly isRemote: boolean;
  /** Answers with what the transaction's database or memory holds, and never waits for anybody else. */
  find(transaction: Transaction, userIds: readonly string[]): Promise<FoundAccounts>;
  /**
   * Accounts by user id, each as it is now or was within the cache's age; ids that nobody has are missing.
   *
   * @throws OdographError USER_SERVICE_UNAVAILABLE where that of any of the ids could not be learned.
   */
  lookUp(request: LookUpRequest): Promise<ReadonlyMap<string, UserAccount>>;
  readiness(): Readiness;
}
