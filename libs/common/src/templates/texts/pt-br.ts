import { type LocaleTexts } from './texts';

/** What Brazil says otherwise than Portugal; all else falls back to `pt`. */
export const PT_BR: LocaleTexts = {
  locale: 'pt-BR',
  types: {
    'vehicle.sos': {
      subject: 'SOS de {{device_name}}',
      lead: 'O botão de SOS de {{device_name}} foi acionado.',
    },
  },
};
