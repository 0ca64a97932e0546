import { type Channel } from '@app/common/contracts';
import { BinaryArray, binaryTypes, type Database, statement } from '@app/common/database';
import { type SinkState } from '@app/common/streams';
import findPublished from './sql/find-published.sql';
import findSink from './sql/find-sink.sql';
import renewSink from './sql/renew-sink.sql';
import reopenRoutes from './sql/reopen-routes.sql';

const STATEMENTS = {
  findPublished: statement('routes.find-published', findPublished),
  findSink: statement('routes.find-sink', findSink),
  renewSink: statement('routes.renew-sink', renewSink),
  reopen: statement('routes.reopen', reopenRoutes),
};

/** A row of `notification.sink`. */
export interface SinkRow {
  readonly birth: string;
  readonly count: number;
  readonly entry_id: string;
  readonly dedupe_id: string;
}

export function sinkStateOf({ birth, count, entry_id, dedupe_id }: SinkRow): SinkState {
  return {
    birth,
    count,
    last: entry_id === '' ? undefined : { entryId: entry_id, dedupeId: dedupe_id },
  };
}

/** A place in the order in which routes were published. */
export interface PublishedPlace {
  /** As the database writes it. */
  readonly publishedAt: string;
  readonly routeId: string;
}

export const FIRST_PUBLISHED: PublishedPlace = { publishedAt: '-infinity', routeId: '' };

/** What the database knows of target streams, and what it does when one has lost entries. */
export class SinkStore {
  constructor(private readonly database: Database) {}

  /** What was last seen acknowledged; undefined where nothing ever was. */
  async find(stream: string): Promise<SinkState | undefined> {
    const [row] = await this.database.query<SinkRow>(STATEMENTS.findSink, [stream]);
    return row === undefined ? undefined : sinkStateOf(row);
  }

  /** From here on nothing is settled by what the sink acknowledged under another birth. */
  async renew(stream: string, { birth, count, last }: SinkState): Promise<void> {
    const params = [stream, birth, count, last?.entryId ?? '', last?.dedupeId ?? ''];
    await this.database.query(STATEMENTS.renewSink, params);
  }

  /** Published within the window and not expired, oldest first. */
  async findPublished(
    channel: Channel,
    windowMs: number,
    after: PublishedPlace,
    limit: number,
  ): Promise<PublishedPlace[]> {
    const rows = await this.database.query<{ route_id: string; published_at: string }>(
      STATEMENTS.findPublished,
      [channel, windowMs, after.publishedAt, after.routeId, limit],
    );
    return rows.map(({ route_id, published_at }) => ({ routeId: route_id, publishedAt: published_at }));
  }

  /** Makes published routes due again; returns those that were still published. */
  async reopen(routeIds: readonly string[], error: string): Promise<string[]> {
    if (routeIds.length === 0) return [];
    const rows = await this.database.query<{ route_id: string }>(STATEMENTS.reopen, [
      BinaryArray.of(binaryTypes.text, routeIds),
      error,
    ]);
    return rows.map(({ route_id }) => route_id);
  }
}
