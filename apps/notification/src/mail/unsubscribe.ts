import { type IncomingMessage, type ServerResponse } from 'node:http';
import { INTENT_CATALOG } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type Logger } from '@app/common/observability';
import { TEMPLATES, type UnsubscribePage } from '@app/common/templates';
import { answerHtml, answerText, readBody } from '../public-http';
import stopMails from './sql/stop-mails.sql';
import { type MailMetrics } from './mail.metrics';
import { type UnsubscribeLinks, type Unsubscription } from './unsubscribe-links';

const STOP = statement('mail.stop', stopMails);
const LONGEST_BODY_BYTES = 4096;

/**
 * The page behind unsubscribe links (RFC 8058). A GET changes nothing, since mail filters follow links; it shows a button
 * that posts what a mail program posts on its own.
 */
export class UnsubscribePages {
  constructor(
    private readonly links: UnsubscribeLinks,
    private readonly database: Database,
    private readonly metrics: MailMetrics,
    private readonly logger: Logger,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const unsubscription = this.links.read(url.searchParams.get('t') ?? '');
    const type = INTENT_CATALOG.get(unsubscription?.type ?? '');
    if (unsubscription === undefined || type === undefined || type.mandatory) {
      return answerText(response, 404, 'this link is not good');
    }
    const page = (kind: UnsubscribePage): string =>
      TEMPLATES.unsubscribePage(kind, url.searchParams.get('l') ?? 'en', `${url.pathname}${url.search}`);
    if (request.method === 'GET' || request.method === 'HEAD')
      return answerHtml(response, 200, page('question'));
    if (request.method !== 'POST') {
      response.setHeader('allow', 'GET, HEAD, POST');
      return answerText(response, 405, 'method not allowed');
    }
    const body = await readBody(request, LONGEST_BODY_BYTES);
    if (body === undefined || !isOneClick(body)) return answerText(response, 400, 'not an unsubscription');
    await this.stop(unsubscription);
    answerHtml(response, 200, page('done'));
  }

  private async stop({ tenantId, userId, type }: Unsubscription): Promise<void> {
    await this.database.query(STOP, [tenantId, userId, type]);
    this.metrics.unsubscriptions.inc();
    this.logger.info({ event: 'mail_unsubscribed', tenantId, type });
  }
}

/** As a form or as its parts (RFC 8058, 3.1: both are allowed). */
function isOneClick(body: string): boolean {
  if (new URLSearchParams(body).get('List-Unsubscribe') === 'One-Click') return true;
  return /name="?List-Unsubscribe"?\r?\n(?:[^\r\n]+\r?\n)*\r?\nOne-Click\r?\n/i.test(body);
}
