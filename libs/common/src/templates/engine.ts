import Handlebars from 'handlebars';

/** Makes the text of its variables. @throws Error naming a variable that is missing. */
export type Rendering = (variables: object) => string;

/**
 * An environment of its own with nothing in it but `if`, `each` and `plural`: what fleets call their vehicles ends up
 * in here. Nothing of a prototype is reachable, and a variable that is missing is an error and not an empty place.
 */
const environment = Handlebars.create();
for (const name of ['blockHelperMissing', 'helperMissing', 'log', 'lookup', 'unless', 'with']) {
  environment.unregisterHelper(name);
}
environment.registerHelper('plural', plural);

const HELPERS = { if: true, each: true, plural: true };
const RUNTIME = { allowProtoMethodsByDefault: false, allowProtoPropertiesByDefault: false };

/** @param isMarkup the text is HTML: what variables say is escaped in it. */
export function compile(text: string, locale: string, isMarkup = false): Rendering {
  const mistake = mistakeIn(text, locale);
  if (mistake !== undefined) throw new Error(`${JSON.stringify(text)}: ${mistake}`);
  const template = environment.compile(text, {
    ...{ strict: true, noEscape: !isMarkup, knownHelpersOnly: true },
    // The declared type names Handlebars' own helpers only.
    knownHelpers: { ...HELPERS },
  });
  return (variables) => template(variables, { ...RUNTIME, data: { locale } });
}

/** `{{plural count one="# event" other="# events"}}` */
function plural(...given: unknown[]): string {
  const [count, options] = given;
  if (typeof count !== 'number' || !isHelperOptions(options))
    throw new Error('plural needs one number and its forms');
  const { locale } = options.data;
  const form = options.hash[pluralRulesOf(locale).select(count)];
  if (form === undefined) throw new Error(`plural has no form for ${count}`);
  return form.replaceAll('#', numberFormatOf(locale).format(count));
}

interface PluralOptions {
  readonly hash: Readonly<Record<string, string>>;
  readonly data: { readonly locale: string };
}

function isHelperOptions(value: unknown): value is PluralOptions {
  return typeof value === 'object' && value !== null && 'hash' in value && 'data' in value;
}

/** What shows only with certain variables is found here, before any come along. */
function mistakeIn(text: string, locale: string): string | undefined {
  const visitor = new MistakeVisitor(pluralRulesOf(locale).resolvedOptions().pluralCategories);
  visitor.accept(Handlebars.parse(text));
  return visitor.mistake;
}

class MistakeVisitor extends Handlebars.Visitor {
  mistake: string | undefined;

  constructor(private readonly forms: readonly string[]) {
    super();
  }

  override MustacheStatement(statement: hbs.AST.MustacheStatement): void {
    this.checkCall(statement);
    super.MustacheStatement(statement);
  }

  override BlockStatement(statement: hbs.AST.BlockStatement): void {
    this.checkCall(statement);
    super.BlockStatement(statement);
  }

  override PathExpression(path: hbs.AST.PathExpression): void {
    const inherited = path.parts.find((part) => part in Object.prototype);
    if (inherited !== undefined) this.mistake = `${inherited} is no variable`;
  }

  private checkCall({ path, params, hash }: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): void {
    const name = 'original' in path ? String(path.original) : '';
    if (params.length > 0 && !(name in HELPERS)) this.mistake = `there is no helper ${name}`;
    if (name !== 'plural') return;
    const given = new Set(hash?.pairs.map(({ key }) => key));
    const missing = this.forms.filter((form) => !given.has(form));
    if (missing.length > 0) this.mistake = `plural has no form for: ${missing.join(', ')}`;
  }
}

/** Making one takes longer than using it a thousand times. */
const pluralRules = new Map<string, Intl.PluralRules>();
const numberFormats = new Map<string, Intl.NumberFormat>();

function pluralRulesOf(locale: string): Intl.PluralRules {
  const rules = pluralRules.get(locale) ?? new Intl.PluralRules(locale);
  pluralRules.set(locale, rules);
  return rules;
}

function numberFormatOf(locale: string): Intl.NumberFormat {
  const format = numberFormats.get(locale) ?? new Intl.NumberFormat(locale);
  numberFormats.set(locale, format);
  return format;
}
