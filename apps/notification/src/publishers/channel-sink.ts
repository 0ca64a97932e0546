import { OdographError } from '@app/common/errors';
import {
  type Fields,
  type SinkAnswer,
  type SinkPublisher,
  type SinkRange,
  type SinkReply,
  type SinkState,
} from '@app/common/streams';
import { type Acknowledgement, type ClaimedRoute } from '../routes';

/** The sink does not hold what was acknowledged: nothing may be published before it is repaired. */
export class SinkBehind extends Error {}

/** An outage of the sink, or a sink that has to be repaired: no route's own failure. */
export function isSinkTrouble(error: unknown): boolean {
  if (error instanceof SinkBehind) return true;
  return (
    error instanceof OdographError && (error.code === 'REDIS_UNREACHABLE' || error.code === 'STREAM_REFUSED')
  );
}

/** A channel's target stream for one claimed batch: each call carries what the one before it was told. */
export class ChannelSink {
  private acknowledged: SinkState | undefined;
  private readonly added: SinkRange[] = [];
  private hasAnswered = false;

  constructor(
    private readonly sinks: Pick<SinkPublisher, 'publishToSink'>,
    private readonly options: { readonly stream: string; readonly windowMs: number },
    acknowledged: SinkState | undefined,
  ) {
    this.acknowledged = acknowledged;
  }

  /** What the calls of this batch were told together; undefined before the first. */
  get acknowledgement(): Acknowledgement | undefined {
    const { acknowledged: sink, added, hasAnswered } = this;
    if (!hasAnswered || sink === undefined) return undefined;
    return { stream: this.options.stream, sink, added };
  }

  /** Nobody who held one of these routes before adds anything from now on; the answer is the entry where there is one. */
  seal(routes: readonly ClaimedRoute[]): Promise<readonly SinkAnswer[]> {
    return this.call(routes.map((route) => ({ route, fields: undefined })));
  }

  /** Adds each route once, in this order. */
  publish(
    messages: readonly { readonly route: ClaimedRoute; readonly fields: Fields }[],
  ): Promise<readonly SinkAnswer[]> {
    return this.call(messages);
  }

  /** @throws SinkBehind; OdographError as the port says. */
  private async call(
    messages: readonly { readonly route: ClaimedRoute; readonly fields: Fields | undefined }[],
  ): Promise<readonly SinkAnswer[]> {
    const { stream, windowMs } = this.options;
    const reply: SinkReply = await this.sinks.publishToSink({
      stream,
      windowMs,
      acknowledged: this.acknowledged,
      messages: messages.map(({ route, fields }) => ({
        dedupeId: route.routeId,
        token: route.claimedAtUs,
        fields,
      })),
    });
    if (reply.kind === 'behind') throw new SinkBehind(`${stream} does not hold what it acknowledged`);
    const { answers, sink, added } = reply;
    if (answers.length !== messages.length) {
      throw new Error(`${stream} answered for ${answers.length} of ${messages.length} routes`);
    }
    this.acknowledged = sink;
    this.added.push(...added);
    this.hasAnswered = true;
    return answers;
  }
}
