import { MAX_TELEMETRY_SHARDS, shardOf, telemetryDeadLetterStream } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { rawFields, type StreamEntry, type Streams, text } from '@app/common/streams';

const PAGE = 200;
/** Longer than an operator takes to repeat a reshard that was cut off. */
const MEMORY_MS = 7 * 24 * 3_600_000;

export const EVERY_SHARD: readonly number[] = Array.from(
  { length: MAX_TELEMETRY_SHARDS },
  (_, shard) => shard,
);

/**
 * Puts every letter where its device's shard is among so many shards. Each is written into its new stream once, and taken
 * off the old one only then: cut off anywhere, the next run goes on. Looks at every shard that there can be, since an
 * earlier run may have been cut off on its way to another number.
 *
 * @returns how many were moved.
 */
export async function moveLetters(streams: Streams, shards: number): Promise<number> {
  let moved = 0;
  for (const from of EVERY_SHARD) {
    const stream = telemetryDeadLetterStream(from);
    for (let after = '-'; ;) {
      const entries = await streams.range(stream, after, '+', PAGE);
      for (const entry of entries) {
        const to = shardOfLetter(entry, from, shards);
        if (to === from) continue;
        await moveOne(streams, { entry, stream, target: telemetryDeadLetterStream(to) });
        moved += 1;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE) break;
      after = `(${last.id}`;
    }
  }
  return moved;
}

/** One that names no device stays where it is while there is such a shard. */
function shardOfLetter(entry: StreamEntry, from: number, shards: number): number {
  const imei = text(entry, 'imei');
  return imei === undefined ? Math.min(from, shards - 1) : shardOf(imei, shards);
}

async function moveOne(
  streams: Streams,
  {
    entry,
    stream,
    target,
  }: { readonly entry: StreamEntry; readonly stream: string; readonly target: string },
): Promise<void> {
  const [published] = await streams.publishOnce({
    stream: target,
    windowMs: MEMORY_MS,
    messages: [{ dedupeId: `${stream}/${entry.id}`, fields: rawFields(entry) }],
  });
  if (published === undefined || 'error' in published)
    throw new OdographError('STREAM_REFUSED', { detail: published?.error ?? 'a letter was not moved' });
  await streams.resolveLetter(stream, entry.id);
}
