import { DE } from './de';
import { EN } from './en';
import { FR } from './fr';
import { PT } from './pt';
import { PT_BR } from './pt-br';
import { type LocaleTexts } from './texts';

export * from './texts';

export const TEXTS: readonly LocaleTexts[] = [EN, DE, FR, PT, PT_BR];
