import { type UserAccount } from './directory';

export interface AccountCacheOptions {
  readonly maxAgeMs: number;
  readonly maxEntries: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Answers of the user service, none older and not more of them than it may keep; the least used goes first. */
export class AccountCache {
  private readonly entries = new Map<string, { readonly account: UserAccount; readonly sinceMs: number }>();

  constructor(private readonly options: AccountCacheOptions) {}

  get(userId: string): UserAccount | undefined {
    const entry = this.entries.get(userId);
    if (entry === undefined) return undefined;
    this.entries.delete(userId);
    if (this.now() - entry.sinceMs > this.options.maxAgeMs) return undefined;
    this.entries.set(userId, entry);
    return entry.account;
  }

  set(account: UserAccount): void {
    this.entries.delete(account.userId);
    this.entries.set(account.userId, { account, sinceMs: this.now() });
    if (this.entries.size <= this.options.maxEntries) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  delete(userId: string): void {
    this.entries.delete(userId);
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
