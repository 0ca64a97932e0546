import { type PreferenceOrigin, type WishOwner } from './preferences';

/** What makes several notifications one message. */
export const FOLD_REASONS = ['digest', 'gather', 'throttle'] as const;
export type FoldReason = (typeof FOLD_REASONS)[number];

/** The message that a route is to become part of. */
export interface Fold {
  readonly reason: FoldReason;
  /** Routes of one key are told together. */
  readonly key: string;
  /** When it is told. */
  readonly dueMs: number;
  /** The preference that wants it; undefined where the type's catalog entry does. */
  readonly origin: PreferenceOrigin | undefined;
}

/**
 * @param window windows with a start have a message each; without one there is a message whenever the one before is told.
 */
export function foldOf(
  about: WishOwner & { readonly tenantId: string },
  reason: FoldReason,
  window: { readonly startMs?: number; readonly endMs: number },
  origin?: PreferenceOrigin,
): Fold {
  const { tenantId, channel, recipient, notificationType } = about;
  const parts = [tenantId, channel, recipient, notificationType, reason, window.startMs ?? ''];
  return { reason, key: parts.join(':'), dueMs: window.endMs, origin };
}

/** The reason that a key was made with. */
export function foldReasonOf(key: string): FoldReason | undefined {
  const named = key.split(':').at(-2);
  return FOLD_REASONS.find((reason) => reason === named);
}
