import { OdographError } from '@app/common/errors';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type Service, Slots } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type Transaction } from '@app/common/database';
import { AccountCache } from './account-cache';
import { Breaker } from './breaker';
import {
  type Directory,
  type FoundAccounts,
  type LookUpRequest,
  type Readiness,
  type UserAccount,
} from './directory';
import { type DirectoryMetrics } from './directory.metrics';
import { UserServiceClient } from './user-service-client';

export interface UserServiceOptions {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly cacheAgeMs: number;
  readonly cacheSize: number;
  readonly concurrency: number;
  readonly metrics: DirectoryMetrics;
  readonly logger: Logger;
}

/**
 * Users of an HTTP service. What is asked in passing is answered from a cache of bounded age; what is looked up goes out
 * once for all who ask for the same id at one time, bounded in number and in time, and not at all while the service is
 * out. An id of nobody is not remembered: the user may be there a moment later.
 */
export class UserServiceDirectory implements Directory, Service, HealthContributor {
  readonly name = 'user service';
  readonly stage = 'stores';
  readonly gatesReadiness = false;
  readonly isRemote = true;
  private readonly client: UserServiceClient;
  private readonly cache: AccountCache;
  private readonly slots: Slots;
  private readonly breaker: Breaker;
  private readonly flights = new Map<string, Promise<UserAccount | undefined>>();
  private readonly stopping = new AbortController();
  private lastError = '';

  constructor(private readonly options: UserServiceOptions) {
    const { baseUrl, timeoutMs, cacheAgeMs, cacheSize, concurrency, metrics, logger } = options;
    this.client = new UserServiceClient({ baseUrl, timeoutMs, maxSockets: concurrency });
    this.cache = new AccountCache({ maxAgeMs: cacheAgeMs, maxEntries: cacheSize });
    this.slots = new Slots(concurrency);
    this.breaker = new Breaker({
      logger,
      onState: (state) => metrics.available.set(state === 'closed' ? 1 : 0),
    });
    metrics.available.set(1);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort();
    this.client.close();
    return Promise.resolve();
  }

  find(_transaction: Transaction, userIds: readonly string[]): Promise<FoundAccounts> {
    const accounts = new Map<string, UserAccount>();
    const unresolved = new Set<string>();
    for (const userId of userIds) {
      const account = this.cache.get(userId);
      if (account === undefined) unresolved.add(userId);
      else accounts.set(userId, account);
    }
    return Promise.resolve({ accounts, unresolved });
  }

  async lookUp({ userIds, urgent }: LookUpRequest): Promise<ReadonlyMap<string, UserAccount>> {
    const answers = await Promise.allSettled(userIds.map((userId) => this.one(userId, urgent)));
    const accounts = new Map<string, UserAccount>();
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason;
      if (answer.value !== undefined) accounts.set(answer.value.userId, answer.value);
    }
    return accounts;
  }

  readiness(): Readiness {
    return { restMs: this.breaker.restMs(), most: this.breaker.state === 'closed' ? Infinity : 1 };
  }

  check(): Promise<HealthReport> {
    const { state } = this.breaker;
    return Promise.resolve({
      status: state === 'closed' ? 'up' : 'degraded',
      details: {
        breaker: state,
        lookupsUnderWay: this.flights.size,
        ...(state === 'closed' ? {} : { lastError: this.lastError }),
      },
    });
  }

  private one(userId: string, urgent: boolean): Promise<UserAccount | undefined> {
    const cached = this.cache.get(userId);
    if (cached !== undefined) return Promise.resolve(cached);
    const flying = this.flights.get(userId);
    if (flying !== undefined) return flying;
    const flight = this.slots
      .run(() => this.ask(userId), urgent)
      .finally(() => {
        this.flights.delete(userId);
      });
    this.flights.set(userId, flight);
    return flight;
  }

  private async ask(userId: string): Promise<UserAccount | undefined> {
    if (!this.breaker.admits()) {
      throw new OdographError('USER_SERVICE_UNAVAILABLE', { detail: 'it is given a rest' });
    }
    const { metrics } = this.options;
    const startedAtMs = performance.now();
    try {
      const account = await this.client.get(userId, this.stopping.signal);
      this.breaker.succeeded();
      if (account !== undefined) this.cache.set(account);
      metrics.lookups.inc({ result: account === undefined ? 'unknown' : 'found' });
      return account;
    } catch (error) {
      if (this.stopping.signal.aborted) throw error;
      this.lastError = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
      this.breaker.failed(error);
      metrics.lookups.inc({ result: 'failed' });
      throw error;
    } finally {
      metrics.lookupSeconds.observe((performance.now() - startedAtMs) / 1000);
    }
  }
}
