import { randomUUID } from 'node:crypto';
import { companionKey } from '../../contracts';
import publishToSink from '../lua/publish-to-sink.lua';
import {
  type SinkAnswer,
  type SinkMessage,
  type SinkPublisher,
  type SinkReply,
  type SinkRequest,
  type SinkState,
} from '../port';
import { type RedisNodes } from './nodes';
import { PackedMessages } from './packed-messages';
import { ReplyReader } from './reply';
import { type Argument, onReplicas, Script } from './script';
import { refused } from './stream-error';

const script = new Script(publishToSink);

/** Messages of one call of the script: bounds how long Redis serves nobody else. */
const LARGEST_CALL = 200;
/** Keys of one look-up. */
const LARGEST_LOOKUP = 1000;
/** What a key begins with that remembers a seal and no entry. */
const SEAL = ':';
/** What stands before the token of a message that seals. */
const SEALS = '!';

const sinkKey = (stream: string): string => companionKey(stream, 'sink');
/** Entries that were published by {@link RedisPublisher.publishOnce} under the same id are known here as well. */
const memoryKey = (stream: string, dedupeId: string): string => companionKey(stream, `once:${dedupeId}`);

export class RedisSinks implements SinkPublisher {
  private readonly spare: PackedMessages[] = [];

  constructor(
    private readonly writes: RedisNodes,
    private readonly replicas: number,
  ) {}

  async publishToSink(request: SinkRequest): Promise<SinkReply> {
    const first = await this.call(request, request.messages.slice(0, LARGEST_CALL));
    if (first.kind === 'behind') return first;
    let sink = first.sink;
    const answers = [...first.answers];
    const added = [...first.added];
    for (let at = LARGEST_CALL; at < request.messages.length; at += LARGEST_CALL) {
      // What the piece before has added is what the next one has to find: else it was lost in between.
      const piece = await this.call(
        { ...request, acknowledged: sink },
        request.messages.slice(at, at + LARGEST_CALL),
      );
      if (piece.kind === 'behind') return piece;
      sink = piece.sink;
      answers.push(...piece.answers);
      added.push(...piece.added);
    }
    return { kind: 'done', sink, answers, added };
  }

  async findUnpublished(stream: string, dedupeIds: readonly string[]): Promise<readonly string[]> {
    const unpublished: string[] = [];
    for (let at = 0; at < dedupeIds.length; at += LARGEST_LOOKUP) {
      const ids = dedupeIds.slice(at, at + LARGEST_LOOKUP);
      const held = await this.writes.run(stream, (redis) =>
        redis.mget(ids.map((id) => memoryKey(stream, id))),
      );
      unpublished.push(...ids.filter((_id, i) => held[i]?.startsWith(SEAL) ?? true));
    }
    return unpublished;
  }

  async renewSink(stream: string, birth: string): Promise<void> {
    await this.writes.run(stream, (redis) =>
      onReplicas(redis, this.replicas, () => redis.hset(sinkKey(stream), 'birth', birth)),
    );
  }

  private async call(
    { stream, windowMs, acknowledged }: SinkRequest,
    messages: readonly SinkMessage[],
  ): Promise<SinkReply> {
    const last = acknowledged?.last;
    const keys = [
      stream,
      sinkKey(stream),
      last === undefined ? sinkKey(stream) : memoryKey(stream, last.dedupeId),
    ];
    const packed = (this.spare.pop() ?? new PackedMessages()).begin();
    for (const { dedupeId, token, fields } of messages) {
      keys.push(memoryKey(stream, dedupeId));
      packed.add(fields === undefined ? `${SEALS}${token}` : String(token), fields ?? {});
    }
    const args: Argument[] = [
      ...[windowMs, randomUUID(), acknowledged?.birth ?? '', acknowledged?.count ?? 0],
      ...[last?.entryId ?? '', Buffer.byteLength(memoryKey(stream, '')), packed.messages],
    ];
    for (const names of packed.shapes) args.push(names.length, ...names);
    const reply = await this.writes.run(stream, (redis) => script.run(redis, keys, args, this.replicas));
    // Answered, so its bytes have left. One that stays unanswered may still be on its way out: it is not used again.
    this.spare.push(packed);
    return sinkReply(new ReplyReader(reply), messages.length);
  }
}

function sinkReply(reader: ReplyReader, sent: number): SinkReply {
  if (reader.text() === 'behind') {
    const birth = reader.text();
    return { kind: 'behind', birth: birth === '' ? undefined : birth, count: reader.integer() };
  }
  const birth = reader.text();
  const [from, to] = [reader.integer(), reader.integer()];
  const [entryId, dedupeId] = [reader.text(), reader.text()];
  const sink: SinkState = { birth, count: to, last: entryId === '' ? undefined : { entryId, dedupeId } };
  const answers: SinkAnswer[] = [];
  while (!reader.isAtEnd) answers.push(sinkAnswer(reader.text(), reader.text()));
  if (answers.length !== sent) throw refused(`${answers.length} of ${sent} messages were answered`);
  return { kind: 'done', sink, answers, added: to > from ? [{ from, to }] : [] };
}

function sinkAnswer(kind: string, word: string): SinkAnswer {
  if (kind === 'added' || kind === 'known') return { kind, entryId: word };
  if (kind === 'sealed' || kind === 'stale') return { kind };
  return { kind: 'refused', error: word };
}
