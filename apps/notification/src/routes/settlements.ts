import { BinaryArray, binaryTypes, type Database, statement, type Statement } from '@app/common/database';
import { fault } from '@app/common/observability';
import { type SinkRange, type SinkState } from '@app/common/streams';
import completeRoutes from './sql/complete-routes.sql';
import deadLetterRoutes from './sql/dead-letter-routes.sql';
import deferRoutes from './sql/defer-routes.sql';
import endRoutes from './sql/end-routes.sql';
import retryRoutes from './sql/retry-routes.sql';
import returnRoutes from './sql/return-routes.sql';

const STATEMENTS = {
  complete: statement('routes.complete', completeRoutes),
  deadLetter: statement('routes.dead-letter', deadLetterRoutes),
  defer: statement('routes.defer', deferRoutes),
  end: statement('routes.end', endRoutes),
  retry: statement('routes.retry', retryRoutes),
  returnUnspent: statement('routes.return', returnRoutes),
};

/** Classes of a route's failure; that of its last one is the cause in its dead letter. */
export type RouteErrorClass =
  'payload_encoding_failed' | 'gateway_stream_publish_failed' | 'mail_stream_publish_failed';

export interface FailedRoute {
  readonly routeId: string;
  readonly errorClass: RouteErrorClass;
  readonly error: string;
}

export interface PublishedRoute {
  readonly routeId: string;
  readonly entryId: string;
}

/** What the sink said of the call by which routes were published. */
export interface Acknowledgement {
  readonly stream: string;
  readonly sink: SinkState;
  readonly added: readonly SinkRange[];
}

export type Completed =
  | { readonly kind: 'settled'; readonly routeIds: readonly string[] }
  /** Nothing was settled: the sink has lost entries since. */
  | { readonly kind: 'sink_lost' };

/** A route that is put off: it spends no attempt. */
export interface DeferredRoute {
  readonly routeId: string;
  readonly reason: string;
  readonly untilMs: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A route that is settled without being published. */
export interface EndedRoute {
  readonly routeId: string;
  readonly state: 'skipped' | 'superseded' | 'expired';
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const texts = (values: readonly string[]) => BinaryArray.of(binaryTypes.text, values);
const json = (values: readonly { readonly detail: unknown }[]) =>
  BinaryArray.of(
    binaryTypes.jsonb,
    values.map(({ detail }) => JSON.stringify(detail)),
  );

/**
 * What becomes of claimed routes. Every write is filtered by the token of the claim and returns the ids that were still
 * the claim's; for the others the lease has passed on. Whatever is no plain publishing leaves a row in
 * `notification.route_decision` in the same statement.
 */
export class Settlements {
  constructor(private readonly database: Database) {}

  async complete(
    token: string,
    published: readonly PublishedRoute[],
    { stream, sink, added }: Acknowledgement,
  ): Promise<Completed> {
    if (published.length === 0) return { kind: 'settled', routeIds: [] };
    const [row] = await this.database.query<{ acknowledged: boolean; route_ids: string[] }>(
      STATEMENTS.complete,
      [
        texts(published.map(({ routeId }) => routeId)),
        texts(published.map(({ entryId }) => entryId)),
        ...[token, stream, sink.birth, sink.count, sink.last?.entryId ?? '', sink.last?.dedupeId ?? ''],
        `{${added.map(({ from, to }) => `(${from},${to}]`).join(',')}}`,
      ],
    );
    fault('routes.after-complete');
    if (row?.acknowledged !== true) return { kind: 'sink_lost' };
    return { kind: 'settled', routeIds: row.route_ids };
  }

  retry(token: string, failed: readonly (FailedRoute & { readonly delayMs: number })[]): Promise<string[]> {
    return this.settle(STATEMENTS.retry, failed, [
      BinaryArray.of(
        binaryTypes.int4,
        failed.map(({ delayMs }) => delayMs),
      ),
      texts(failed.map(({ errorClass }) => errorClass)),
      texts(failed.map(({ error }) => error)),
      token,
    ]);
  }

  deadLetter(token: string, failed: readonly FailedRoute[]): Promise<string[]> {
    return this.settle(STATEMENTS.deadLetter, failed, [
      texts(failed.map(({ errorClass }) => errorClass)),
      texts(failed.map(({ error }) => error)),
      token,
    ]);
  }

  /** Gives routes back with the attempt that an outage took from them. */
  returnUnspent(
    token: string,
    routes: readonly { readonly routeId: string }[],
    { delayMs, reason, error }: { readonly delayMs: number; readonly reason: string; readonly error: string },
  ): Promise<string[]> {
    return this.settle(STATEMENTS.returnUnspent, routes, [token, delayMs, reason, error]);
  }

  defer(token: string, deferred: readonly DeferredRoute[]): Promise<string[]> {
    return this.settle(STATEMENTS.defer, deferred, [
      texts(deferred.map(({ reason }) => reason)),
      deferred.map(({ untilMs }) => untilMs),
      json(deferred),
      token,
    ]);
  }

  /** Only for routes that are not in doubt, or that the sink has sealed for this claim. */
  end(token: string, ended: readonly EndedRoute[]): Promise<string[]> {
    return this.settle(STATEMENTS.end, ended, [
      texts(ended.map(({ state }) => state)),
      texts(ended.map(({ reason }) => reason)),
      json(ended),
      token,
    ]);
  }

  private async settle(
    settlement: Statement,
    routes: readonly { readonly routeId: string }[],
    params: readonly unknown[],
  ): Promise<string[]> {
    if (routes.length === 0) return [];
    const rows = await this.database.query<{ route_id: string }>(settlement, [
      texts(routes.map(({ routeId }) => routeId)),
      ...params,
    ]);
    fault('routes.after-settle');
    return rows.map(({ route_id }) => route_id);
  }
}
