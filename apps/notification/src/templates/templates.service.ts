import { INTENT_CATALOG } from '@app/common/contracts';
import { type Service } from '@app/common/lifecycle';
import { checkTemplates, TEMPLATES } from '@app/common/templates';

/** Stops a start with texts that do not fit what they are to tell. */
export class TemplatesService implements Service {
  readonly name = 'templates';
  readonly stage = 'stores';

  /** @throws OdographError TEMPLATE_INVALID */
  start(): Promise<void> {
    checkTemplates(TEMPLATES, INTENT_CATALOG.values());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
