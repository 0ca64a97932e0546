import { DEFINITIONS } from './definitions';
import { Templates } from './templates';
import { TEXTS } from './texts';

export * from './check';
export { DEFINITIONS, type TemplateDefinition } from './definitions';
export { type Terms, UNIT_SYSTEMS, type UnitSystem } from './formats';
export { fallbackChain } from './locales';
export { type RenderedMail, type RenderOptions } from './rendering';
export * from './templates';
export { type LocaleTexts, TEXTS } from './texts';
export { type UnsubscribePage } from './unsubscribe-page';

/** The templates of the intent catalog. */
export const TEMPLATES = new Templates(DEFINITIONS, TEXTS);
