import { z } from 'zod';
import { describeError, OdographError } from '../errors';
import { DEFINITIONS, type TemplateDefinition } from './definitions';
import { type Formats, formatsOf, type Terms } from './formats';
import { parseVariables, type TemplateKind, type TemplateVariables } from './kinds';
import { fallbackChain } from './locales';
import { CompiledTemplate, type RenderedMail, type RenderOptions } from './rendering';
import { type Labels, type LocaleTexts, TEXTS, type TypeTexts } from './texts';
import { unsubscribePage, type UnsubscribePage } from './unsubscribe-page';

/** Something that happened, as its intent says. */
export interface Occurrence {
  readonly occurredAtMs: number;
  /** Fits the payload schema of the notification type. */
  readonly payload: unknown;
}

/** Several told as one. */
export interface Collapsed {
  /** How many in all, two at least. */
  readonly count: number;
  /** Those that are listed, by event time; may be fewer. */
  readonly occurrences: readonly Occurrence[];
}

/** What a mail service needs to write the mail. */
export interface TemplateCall {
  readonly templateId: string;
  /** One that the template has. */
  readonly locale: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Tags come from directories of others: more than this many are no tags of people. */
const MOST_CHAINS = 1000;

/** Mail texts; a template's id is the name of its notification type. Each text is compiled once, when first needed. */
export class Templates {
  private readonly definitions: ReadonlyMap<string, TemplateDefinition>;
  private readonly texts: ReadonlyMap<string, ReadonlyMap<string, TypeTexts>>;
  private readonly labels: ReadonlyMap<string, Labels>;
  private readonly chains = new Map<string, readonly string[]>();
  private readonly compiled = new Map<string, CompiledTemplate>();

  constructor(
    definitions: readonly TemplateDefinition[] = DEFINITIONS,
    texts: readonly LocaleTexts[] = TEXTS,
  ) {
    this.definitions = new Map(definitions.map((definition) => [definition.type, definition]));
    this.texts = new Map(texts.map(({ locale, types }) => [locale, new Map(Object.entries(types))]));
    this.labels = new Map(
      texts.flatMap(({ locale, labels }) => (labels === undefined ? [] : [[locale, labels]])),
    );
  }

  get ids(): readonly string[] {
    return [...this.definitions.keys()];
  }

  /** @throws OdographError NOT_FOUND */
  definition(id: string): TemplateDefinition {
    const definition = this.definitions.get(id);
    if (definition === undefined) throw new OdographError('NOT_FOUND', { detail: `no template ${id}` });
    return definition;
  }

  /** The languages that a template has. */
  localesOf(id: string): readonly string[] {
    return [...this.texts.keys()].filter((locale) => this.textsOf(id, locale) !== undefined);
  }

  /** The nearest language that the template has: `pt-BR`, else `pt`, else `en`. @throws OdographError NOT_FOUND */
  localeFor(id: string, tag: string): string {
    const locale = this.chainOf(tag).find((candidate) => this.textsOf(id, candidate) !== undefined);
    if (locale === undefined) throw new OdographError('NOT_FOUND', { detail: `no template ${id}` });
    return locale;
  }

  /**
   * The variables of a telling: the payload as it is, the same in the user's terms, and what is told with it.
   *
   * @throws OdographError TEMPLATE_INVALID where the payload does not give what the template needs; NOT_FOUND.
   */
  call(id: string, occurrence: Occurrence, terms: Terms, collapsed?: Collapsed): TemplateCall {
    const { kind } = this.definition(id);
    const locale = this.localeFor(id, terms.locale);
    const formats = formatsOf(terms, locale);
    const variables = {
      ...this.guarded(id, () => entryOf(kind, occurrence, formats)),
      ...(collapsed === undefined
        ? {}
        : {
            collapsed_count: collapsed.count,
            items: collapsed.occurrences.map((each) => this.guarded(id, () => entryOf(kind, each, formats))),
          }),
    };
    this.checkedVariables(id, variables);
    return { templateId: id, locale, variables };
  }

  /**
   * @param locale one that the template has; of any other the nearest is taken.
   * @throws OdographError TEMPLATE_INVALID where the variables do not fit the template's schema; NOT_FOUND.
   */
  render(id: string, locale: string, variables: unknown, options: RenderOptions = {}): RenderedMail {
    const fitting = this.checkedVariables(id, variables);
    const template = this.template(id, this.localeFor(id, locale));
    return this.guarded(id, () => template.render(fitting, options));
  }

  /** The page behind an unsubscribe link. @param action where its button posts to. */
  unsubscribePage(page: UnsubscribePage, tag: string, action: string): string {
    const locale = this.chainOf(tag).find((candidate) => this.labels.has(candidate));
    const labels = this.labels.get(locale ?? '');
    if (locale === undefined || labels === undefined) {
      throw new OdographError('TEMPLATE_INVALID', { detail: 'there are no labels at all' });
    }
    return unsubscribePage(page, locale, labels, action);
  }

  private checkedVariables(id: string, variables: unknown): TemplateVariables {
    const { kind } = this.definition(id);
    return this.guarded(id, () => parseVariables(kind, variables));
  }

  private template(id: string, locale: string): CompiledTemplate {
    const key = `${id} ${locale}`;
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    const texts = this.textsOf(id, locale);
    const labelled = this.chainOf(locale).find((candidate) => this.labels.has(candidate));
    const labels = this.labels.get(labelled ?? '');
    if (texts === undefined || labelled === undefined || labels === undefined) {
      throw new OdographError('TEMPLATE_INVALID', { detail: `${id} has no texts in ${locale}` });
    }
    const made = this.guarded(
      id,
      () => new CompiledTemplate(locale, texts, labels, labelled, this.definition(id).kind.facts),
    );
    this.compiled.set(key, made);
    return made;
  }

  /** The texts that a template has in this very language. */
  textsOf(id: string, locale: string): TypeTexts | undefined {
    return this.texts.get(locale)?.get(id);
  }

  private chainOf(tag: string): readonly string[] {
    const known = this.chains.get(tag);
    if (known !== undefined) return known;
    if (this.chains.size >= MOST_CHAINS) this.chains.clear();
    const chain = fallbackChain(tag);
    this.chains.set(tag, chain);
    return chain;
  }

  private guarded<Result>(id: string, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof OdographError) throw cause;
      throw new OdographError('TEMPLATE_INVALID', { detail: `${id}: ${describeError(cause)}`, cause });
    }
  }
}

const payloadSchema = z.record(z.string(), z.unknown());

function entryOf({ format }: TemplateKind, { occurredAtMs, payload }: Occurrence, formats: Formats) {
  return {
    ...payloadSchema.parse(payload),
    occurred_at_ms: occurredAtMs,
    formatted: format(payload, occurredAtMs, formats),
  };
}
