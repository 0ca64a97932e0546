import { type Fields } from './entries';

/** What a sink says of itself, and what its users keep of it to notice when it has lost something. */
export interface SinkState {
  /** Names the sink's life; another one after it was lost as a whole, and after every repair. */
  readonly birth: string;
  /** Entries that were ever added; rises by one each. */
  readonly count: number;
  /** The last of them; undefined before the first. */
  readonly last: { readonly entryId: string; readonly dedupeId: string } | undefined;
}

/** One message for a sink, or with `fields` undefined a seal. */
export interface SinkMessage {
  readonly dedupeId: string;
  /** Rises with each claim of what is published; a safe integer. */
  readonly token: number;
  /**
   * Undefined seals: nothing is added for this id by anybody with a lower token from now on, as for one whose holder
   * settles it without publishing.
   */
  readonly fields: Fields | undefined;
}

export interface SinkRequest {
  readonly stream: string;
  /** How long an id is remembered; longer than anything is published under one id. */
  readonly windowMs: number;
  /** What was last written down of this sink; undefined where nothing ever was. */
  readonly acknowledged: SinkState | undefined;
  readonly messages: readonly SinkMessage[];
}

/** What became of one message. */
export type SinkAnswer =
  | { readonly kind: 'added'; readonly entryId: string }
  /** The id was added before, by whomever: this is that entry. */
  | { readonly kind: 'known'; readonly entryId: string }
  | { readonly kind: 'sealed' }
  /** Somebody with a higher token was here and has not published it. */
  | { readonly kind: 'stale' }
  /** The store will not take this message, in its own words. Lower tokens add nothing for it from now on. */
  | { readonly kind: 'refused'; readonly error: string };

/** Entries as the sink counts them: those above `from`, up to and with `to`. */
export interface SinkRange {
  readonly from: number;
  readonly to: number;
}

export type SinkReply =
  | {
      readonly kind: 'done';
      readonly sink: SinkState;
      /** One a message, in their order. */
      readonly answers: readonly SinkAnswer[];
      /** What this call has added. Two calls of one birth never share a number unless the sink lost what one added. */
      readonly added: readonly SinkRange[];
    }
  /** It does not hold what was acknowledged any more. What this call added, if anything, is not to be relied on. */
  | { readonly kind: 'behind'; readonly birth: string | undefined; readonly count: number };

/**
 * A stream to which each message is added once, whoever tries however often, and whose losses show: a store that was
 * emptied, restored or failed over answers 'behind' until {@link SinkPublisher.renewSink} was called.
 */
export interface SinkPublisher {
  /**
   * Adds messages one by one, each once per id within the window, or seals ids. Large requests go in pieces; a loss
   * between two of them is 'behind' as well. Rejects as every verb does, with part of it done maybe: repeat with the
   * same ids. Without messages it opens the sink and tells its state.
   */
  publishToSink(request: SinkRequest): Promise<SinkReply>;
  /** Those of the ids under which the sink remembers no entry, in their order. */
  findUnpublished(stream: string, dedupeIds: readonly string[]): Promise<readonly string[]>;
  /** Begins another life of the sink with what it holds now: calls that carry its old birth are 'behind' from then on. */
  renewSink(stream: string, birth: string): Promise<void>;
}
