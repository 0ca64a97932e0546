import { companionKey } from '../../contracts';
import { checkMarks, encodeEpoch, FIRST_MARK, flatFields } from '../arguments';
import claimMark from '../lua/claim-mark.lua';
import publishMarked from '../lua/publish-marked.lua';
import publishOnce from '../lua/publish-once.lua';
import {
  type ClaimedMark,
  type ClaimMarkRequest,
  type OncePublisher,
  type PublishedMessages,
  type PublishedOnce,
  type PublishMarkedRequest,
  type PublishOnceRequest,
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
    return checked(publishedMessages(new ReplyReader(reply)), messages.length);
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

function publishedMessages(reader: ReplyReader): PublishedMessages {
  const kind = reader.text();
  if (kind === 'fenced') return { kind, epoch: BigInt(reader.text()) };
  if (kind === 'behind') {
    return { kind, epoch: BigInt(reader.text()), count: reader.integer(), mark: reader.text() };
  }
  const done = {
    added: reader.integer(),
    skipped: reader.integer(),
    count: reader.integer(),
    mark: reader.text(),
  };
  if (kind === 'published') return { kind, ...done };
  const index = reader.integer();
  const message = reader.text();
  // Not the message's fault: parking it, and the next, and the next would empty the outbox into the parking place.
  if (isServerWide(message)) throw refused(message);
  return { kind: 'refused', index, message, ...done };
}

/** An order by the text of the columns once made the script skip what it should have added, without a word. */
function checked(result: PublishedMessages, sent: number): PublishedMessages {
  const expected = result.kind === 'published' ? sent : result.kind === 'refused' ? result.index : undefined;
  if (expected !== undefined && 'added' in result && result.added + result.skipped !== expected) {
    throw refused(`${result.added + result.skipped} of ${expected} messages were accounted for`);
  }
  return result;
}

function publishedOnce(reader: ReplyReader): PublishedOnce {
  const kind = reader.text();
  const word = reader.text();
  return kind === 'refused' ? { error: word } : { entryId: word, isNew: kind === 'new' };
}
