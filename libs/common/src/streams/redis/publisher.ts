import { companionKey } from '../../contracts';
import { checkMarks, encodeEpoch, FIRST_MARK, flatFields } from '../arguments';
import claimMark from '../lua/claim-mark.lua';
import publishMarked from '../lua/publish-marked.lua';
import publishOnce from '../lua/publish-once.lua';
import publishRetried from '../lua/publish-retried.lua';
import {
  type ClaimedMark,
  type ClaimMarkRequest,
  type OncePublisher,
  type PublishedMessages,
  type PublishedOnce,
  type PublishMarkedRequest,
  type PublishOnceRequest,
  type PublishRetriedRequest,
  type RetriedMessages,
} from '../port';
import { type RedisNodes } from './nodes';
import { PackedMessages } from './packed-messages';
import { ReplyReader } from './reply';
import { Script, type Argument } from './script';
import { isServerWide } from '../server-refusals';
import { refused } from './stream-error';

const scripts = {
  claim: new Script(claimMark),
  marked: new Script(publishMarked),
  once: new Script(publishOnce),
  retried: new Script(publishRetried),
};

/** Messages of one call of the dedupe script: bounds how long Redis serves nobody else. */
const LARGEST_ONCE = 200;

const markKey = (stream: string, part: number): string => companionKey(stream, `mark:${part}`);

export class RedisPublisher implements OncePublisher {
  private readonly spare: PackedMessages[] = [];

  constructor(
    private readonly writes: RedisNodes,
    private readonly replicas: number,
  ) {}

  async claimMark({ stream, part, epoch }: ClaimMarkRequest): Promise<ClaimedMark> {
    const reply = await this.writes.run(stream, (redis) =>
      scripts.claim.run(redis, [markKey(stream, part)], [encodeEpoch(epoch)], this.replicas),
    );
    const reader = new ReplyReader(reply);
    if (reader.text() === 'fenced') return { kind: 'fenced', epoch: BigInt(reader.text()) };
    const previousEpoch = BigInt(reader.text());
    return { kind: 'claimed', previousEpoch, count: reader.integer(), mark: reader.text() || FIRST_MARK };
  }

  async publishMarked(request: PublishMarkedRequest): Promise<PublishedMessages> {
    const { stream, part, epoch, acknowledged, messages } = request;
    checkMarks(
      acknowledged.mark,
      messages.map(({ mark }) => mark),
    );
    const packed = (this.spare.pop() ?? new PackedMessages()).begin();
    for (const { mark, fields } of messages) packed.add(mark, fields);
    const args: Argument[] = [encodeEpoch(epoch), acknowledged.count, acknowledged.mark, packed.messages];
    for (const names of packed.shapes) args.push(names.length, ...names);
    const keys = [stream, markKey(stream, part)];
    const reply = await this.writes.run(stream, (redis) =>
      scripts.marked.run(redis, keys, args, this.replicas),
    );
    // Answered, so its bytes have left. One that stays unanswered may still be on its way out: it is not used again.
    this.spare.push(packed);
    return publishedMessages(new ReplyReader(reply), messages.length);
  }

  async publishRetried(request: PublishRetriedRequest): Promise<RetriedMessages> {
    const { stream, part, epoch, acknowledged, windowMs, messages } = request;
    checkMarks(acknowledged.mark, []);
    const keys = [stream, markKey(stream, part)];
    const args: Argument[] = [encodeEpoch(epoch), acknowledged.count, acknowledged.mark, windowMs];
    for (const { dedupeId, fields } of messages) {
      const flat = flatFields(fields);
      keys.push(companionKey(stream, `retried:${dedupeId}`));
      args.push(flat.length, ...flat);
    }
    const reply = await this.writes.run(stream, (redis) =>
      scripts.retried.run(redis, keys, args, this.replicas),
    );
    return retriedMessages(new ReplyReader(reply), messages.length);
  }

  async publishOnce({ stream, windowMs, messages }: PublishOnceRequest): Promise<readonly PublishedOnce[]> {
    const results: PublishedOnce[] = [];
    for (let first = 0; first < messages.length; first += LARGEST_ONCE) {
      const chunk = messages.slice(first, first + LARGEST_ONCE);
      const keys = chunk.map(({ dedupeId }) => companionKey(stream, `once:${dedupeId}`));
      const args: Argument[] = [windowMs];
      for (const { fields } of chunk) {
        const flat = flatFields(fields);
        args.push(flat.length, ...flat);
      }
      const reply = await this.writes.run(stream, (redis) =>
        scripts.once.run(redis, [stream, ...keys], args, this.replicas),
      );
      const reader = new ReplyReader(reply);
      results.push(...chunk.map(() => publishedOnce(reader)));
    }
    return results;
  }
}

function publishedMessages(reader: ReplyReader, sent: number): PublishedMessages {
  const reply = laneReply(reader, sent);
  if (!('already' in reply)) return reply;
  const { already: skipped, ...done } = reply;
  return { ...done, skipped };
}

function retriedMessages(reader: ReplyReader, sent: number): RetriedMessages {
  const reply = laneReply(reader, sent);
  if (!('already' in reply)) return reply;
  const { already: known, ...done } = reply;
  return { ...done, known };
}

/** What the scripts of both lanes answer; `already` is what was in before. */
function laneReply(reader: ReplyReader, sent: number) {
  const kind = reader.text();
  if (kind === 'fenced') return { kind, epoch: BigInt(reader.text()) } as const;
  if (kind === 'behind') {
    return { kind, epoch: BigInt(reader.text()), count: reader.integer(), mark: reader.text() } as const;
  }
  const done = {
    added: reader.integer(),
    already: reader.integer(),
    count: reader.integer(),
    mark: reader.text(),
  };
  if (kind === 'published') {
    checkAccounted(done, sent);
    return { kind, ...done } as const;
  }
  const index = reader.integer();
  const message = reader.text();
  // Not the message's fault: parking it, and the next, and the next would empty the outbox into the parking place.
  if (isServerWide(message)) throw refused(message);
  checkAccounted(done, index);
  return { kind: 'refused', index, message, ...done } as const;
}

/** An order by the text of the columns once made the script skip what it should have added, without a word. */
function checkAccounted({ added, already }: { added: number; already: number }, expected: number): void {
  if (added + already === expected) return;
  throw refused(`${added + already} of ${expected} messages were accounted for`);
}

function publishedOnce(reader: ReplyReader): PublishedOnce {
  const kind = reader.text();
  const word = reader.text();
  return kind === 'refused' ? { error: word } : { entryId: word, isNew: kind === 'new' };
}
