import { compile, type Rendering } from './engine';
import htmlLayout from './html-layout.txt';
import { type EntryVariables, type Fact, type TemplateVariables } from './kinds';
import textLayout from './text-layout.txt';
import { type Labels, type TypeTexts } from './texts';

/** A mail as it reads. */
export interface RenderedMail {
  readonly subject: string;
  /** What happened, in one or two sentences: what a push shows below the subject. */
  readonly lead: string;
  readonly text: string;
  readonly html: string;
}

export interface RenderOptions {
  /** Where one click stops mails of this type; none for types that nobody may stop. */
  readonly unsubscribeUrl?: string;
}

const HTML = compile(htmlLayout, 'en', true);
const TEXT = compile(textLayout, 'en');

/** The texts of one type in one language, compiled once. */
export class CompiledTemplate {
  private readonly subject: Rendering;
  private readonly lead: Rendering;
  private readonly list: { subject: Rendering; lead: Rendering; item: Rendering } | undefined;
  private readonly more: Rendering;

  constructor(
    private readonly locale: string,
    texts: TypeTexts,
    private readonly labels: Labels,
    labelsLocale: string,
    private readonly facts: readonly Fact[],
  ) {
    this.subject = compile(texts.subject, locale);
    this.lead = compile(texts.lead, locale);
    this.list = texts.list && {
      subject: compile(texts.list.subject, locale),
      lead: compile(texts.list.lead, locale),
      item: compile(texts.list.item, locale),
    };
    this.more = compile(labels.more, labelsLocale);
  }

  /** @throws Error where a variable is missing, or several are told together of a type that is told one by one. */
  render(variables: TemplateVariables, { unsubscribeUrl }: RenderOptions): RenderedMail {
    const { collapsed_count: count, items = [] } = variables;
    const isList = count !== undefined;
    const texts = isList ? this.list : { subject: this.subject, lead: this.lead };
    if (texts === undefined) throw new Error('the template has no list form');
    const hidden = isList ? count - items.length : 0;
    const subject = oneLine(texts.subject(variables));
    const lead = texts.lead(variables);
    const view = {
      locale: this.locale,
      ...{ subject, lead },
      items: items.map((item) => this.item(item)),
      more: hidden > 0 ? this.more({ more: hidden }) : null,
      mapLabel: this.labels.map,
      facts: isList ? [] : this.factsOf(variables),
      unsubscribe:
        unsubscribeUrl === undefined ? null : { label: this.labels.unsubscribe, url: unsubscribeUrl },
    };
    return { subject, lead, text: TEXT(view), html: HTML(view) };
  }

  private item(entry: EntryVariables): { text: string; url: string | null } {
    if (this.list === undefined) throw new Error('the template has no list form');
    return { text: oneLine(this.list.item(entry)), url: entry.formatted['map_url'] ?? null };
  }

  private factsOf({ formatted }: EntryVariables): { label: string; value: string; url: string | null }[] {
    return this.facts.flatMap((fact) => {
      const value = formatted[fact] ?? null;
      if (value === null) return [];
      const url = fact === 'place' ? (formatted['map_url'] ?? null) : null;
      const isLink = fact === 'runbook' && /^https?:\/\//i.test(value);
      return [{ label: this.labels[fact], value, url: isLink ? value : url }];
    });
  }
}

/** What goes into a header or a line of a list: a name with a line break in it must not begin a header of its own. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}
