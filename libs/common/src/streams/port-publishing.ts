import { type Fields } from './entries';

/** How far the entries of one part have come into one stream. */
export interface PublishedMark {
  /** Lease epoch of the owner that published last. */
  readonly epoch: bigint;
  /** Entries that were ever added for this part; rises by one each. */
  readonly count: number;
  /** Fixed-width digits (contracts.encodeMark), so that comparing text compares positions. */
  readonly mark: string;
}

export interface ClaimMarkRequest {
  readonly stream: string;
  readonly part: number;
  readonly epoch: bigint;
}

export type ClaimedMark =
  | {
      readonly kind: 'claimed';
      readonly previousEpoch: bigint;
      readonly count: number;
      readonly mark: string;
    }
  | { readonly kind: 'fenced'; readonly epoch: bigint };

/** What every publishing call of a part carries. */
export interface PartCall {
  readonly stream: string;
  readonly part: number;
  readonly epoch: bigint;
  /** What the cursor last saw acknowledged of this (stream, part). */
  readonly acknowledged: PublishedMark;
}

/** Nothing was done. */
export type NotPublished =
  /** The store holds less than was acknowledged, or lost the claim: rewind the cursor to `mark`. */
  | { readonly kind: 'behind'; readonly epoch: bigint; readonly count: number; readonly mark: string }
  /** A newer owner has claimed. */
  | { readonly kind: 'fenced'; readonly epoch: bigint };

export interface PublishMarkedRequest extends PartCall {
  /** In rising order of their marks. */
  readonly messages: readonly { readonly mark: string; readonly fields: Fields }[];
}

export type PublishedMessages =
  | {
      readonly kind: 'published';
      readonly added: number;
      readonly skipped: number;
      readonly count: number;
      readonly mark: string;
    }
  | NotPublished
  /** `messages[index]` was refused for what it is. All before it are in (added or skipped) and marked, none behind. */
  | {
      readonly kind: 'refused';
      readonly index: number;
      readonly message: string;
      readonly added: number;
      readonly skipped: number;
      readonly count: number;
      readonly mark: string;
    };

export interface PublishRetriedRequest extends PartCall {
  /** How long a dedupe id is remembered; longer than a cursor can be rewound. */
  readonly windowMs: number;
  /** In the order in which they are to stand in the stream. */
  readonly messages: readonly { readonly dedupeId: string; readonly fields: Fields }[];
}

export type RetriedMessages =
  /** `known` were in already. `mark` is that of the lane with a mark, which this verb leaves alone. */
  | {
      readonly kind: 'published';
      readonly added: number;
      readonly known: number;
      readonly count: number;
      readonly mark: string;
    }
  | NotPublished
  /** `messages[index]` was refused for what it is. All before it are in, none behind. */
  | {
      readonly kind: 'refused';
      readonly index: number;
      readonly message: string;
      readonly added: number;
      readonly known: number;
      readonly count: number;
      readonly mark: string;
    };

export interface PublishOnceRequest {
  readonly stream: string;
  /** How long a dedupe id is remembered. */
  readonly windowMs: number;
  readonly messages: readonly { readonly dedupeId: string; readonly fields: Fields }[];
}

/** `entryId` is the first entry of that dedupe id; `error` is the store's refusal of this message. */
export type PublishedOnce =
  { readonly entryId: string; readonly isNew: boolean } | { readonly error: string };

export interface OncePublisher {
  /** Takes a part over on one stream. The only verb that raises the mark's epoch; keeps count and mark. Repeatable. */
  claimMark(request: ClaimMarkRequest): Promise<ClaimedMark>;
  /**
   * Adds messages one by one, skipping those at or below the mark, and stops at the first refusal. A repeat of the SAME
   * call adds nothing twice. Rejects with STREAM_REFUSED for what concerns the server and not the message (memory full,
   * read-only): what came before is in and marked, so repeat the same call later.
   */
  publishMarked(request: PublishMarkedRequest): Promise<PublishedMessages>;
  /**
   * Adds messages that lie behind the mark, which stays where it is: one by one, each once per dedupe id within the
   * window, up to the first refusal. Epoch and count are those of {@link publishMarked}. A repeat of the SAME call adds
   * nothing twice; rejects as that one does.
   */
  publishRetried(request: PublishRetriedRequest): Promise<RetriedMessages>;
  /** Adds each message once per dedupe id within the window. A repeat answers with the first entry's id. */
  publishOnce(request: PublishOnceRequest): Promise<readonly PublishedOnce[]>;
}
