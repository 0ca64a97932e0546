import { statement, type Transaction } from '@app/common/database';
import findUsers from './sql/find-users.sql';

const FIND = statement('directory.find-users', findUsers);

/** A person as notifications know one. */
export interface UserAccount {
  readonly userId: string;
  readonly email: string;
  /** BCP 47 tag. */
  readonly locale: string;
  /** IANA zone. */
  readonly timezone: string;
  readonly enabled: boolean;
}

/** Who a user id is: the table of accounts, edited with `odo user`. */
export class DirectoryService {
  /** Accounts by user id; ids that nobody has are missing from the result. */
  async find(
    transaction: Transaction,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, UserAccount>> {
    if (userIds.length === 0) return new Map();
    const rows = await transaction.query<{
      user_id: string;
      email: string;
      locale: string;
      timezone: string;
      enabled: boolean;
    }>(FIND, [userIds]);
    return new Map(rows.map(({ user_id: userId, ...account }) => [userId, { userId, ...account }]));
  }
}
