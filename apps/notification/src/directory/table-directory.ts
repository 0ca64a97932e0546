import { type Database, statement, type Transaction } from '@app/common/database';
import {
  type Directory,
  type FoundAccounts,
  type LookUpRequest,
  type Readiness,
  type Units,
  type UserAccount,
} from './directory';
import findUsers from './sql/find-users.sql';

const FIND = statement('directory.find-users', findUsers);
const NONE: ReadonlySet<string> = new Set();

interface AccountRow extends Record<string, unknown> {
  readonly user_id: string;
  readonly email: string;
  readonly locale: string;
  readonly timezone: string;
  readonly units: Units;
  readonly enabled: boolean;
}

/** The table of accounts, edited with `odo user`. */
export class TableDirectory implements Directory {
  readonly isRemote = false;

  constructor(private readonly database: Database) {}

  async find(transaction: Transaction, userIds: readonly string[]): Promise<FoundAccounts> {
    if (userIds.length === 0) return { accounts: new Map(), unresolved: NONE };
    return { accounts: accountsOf(await transaction.query<AccountRow>(FIND, [userIds])), unresolved: NONE };
  }

  async lookUp({ userIds }: LookUpRequest): Promise<ReadonlyMap<string, UserAccount>> {
    return accountsOf(await this.database.query<AccountRow>(FIND, [userIds]));
  }

  readiness(): Readiness {
    return { restMs: 0, most: Infinity };
  }
}

function accountsOf(rows: readonly AccountRow[]): ReadonlyMap<string, UserAccount> {
  return new Map(
    rows.map(({ user_id: userId, email, locale, timezone, units, enabled }) => [
      userId,
      { userId, email, locale, timezone, units, enabled },
    ]),
  );
}
