import { type NotificationType } from '../../contracts';

/** What a mail says besides what happened: names of facts, links. */
export interface Labels {
  readonly time: string;
  readonly last_seen: string;
  readonly speed: string;
  readonly limit: string;
  readonly peak: string;
  readonly duration: string;
  readonly place: string;
  readonly runbook: string;
  readonly map: string;
  readonly unsubscribe: string;
  /** Of the page behind that link: its question, its button, and what it says afterwards. */
  readonly stop_question: string;
  readonly stop: string;
  readonly stopped: string;
  /** A sentence with the variable `more`: how many of those told together are not listed. */
  readonly more: string;
}

/**
 * The sentences of a notification type in one language. Each is a Handlebars text without markup over the variables of
 * the type; `{{plural n one="# event" other="# events"}}` chooses by the language's plural rules and puts the number in
 * the place of `#`.
 */
export interface TypeTexts {
  readonly subject: string;
  /** What happened. */
  readonly lead: string;
  /** For several told together; not for types that are never held back. */
  readonly list?: {
    readonly subject: string;
    readonly lead: string;
    /** One of them; its variables are the item's. */
    readonly item: string;
  };
}

export interface LocaleTexts {
  /** BCP 47 tag. */
  readonly locale: string;
  /** Left out where those of the language that it falls back to will do. */
  readonly labels?: Labels;
  readonly types: Readonly<Partial<Record<NotificationType, TypeTexts>>>;
}
