import { type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { type GatewayClaims } from '@app/common/contracts';
import { answerText, type RequestHandler, readBody } from '../public-http';
import { allowsOrigin } from './gateway.config';
import { subscriptionSchema } from './push-endpoint';
import { type SubscriptionStore } from './subscription-store';
import { tokenOf } from './upgrade-request';

export interface SubscriptionsHttpOptions {
  readonly store: SubscriptionStore;
  readonly publicKey: string;
  readonly allowPrivate: boolean;
  readonly allowedOrigins: readonly string[];
  readonly readToken: (token: string) => GatewayClaims | undefined;
}

const MAX_BODY_BYTES = 8192;
const PREFLIGHT_S = '600';
const removalSchema = z.object({ endpoint: z.string().max(2000) });

/** `POST` and `DELETE /push/subscriptions`, `GET /push/vapid-public-key`: what a page needs for Web Push. */
export class SubscriptionsHttp {
  constructor(private readonly options: SubscriptionsHttpOptions) {}

  readonly vapidPublicKey: RequestHandler = (request, response) => {
    if (!this.admits(request, response, 'GET')) return;
    answerJson(response, 200, { public_key: this.options.publicKey });
  };

  readonly subscriptions: RequestHandler = async (request, response) => {
    if (!this.admits(request, response, 'POST, DELETE')) return;
    const token = tokenOf(request);
    const claims = token === undefined ? undefined : this.options.readToken(token);
    if (claims === undefined) {
      response.setHeader('www-authenticate', 'Bearer');
      return answerText(response, 401, 'unauthorized');
    }
    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === undefined) return answerText(response, 413, 'too large');
    if (request.method === 'POST') await this.register(claims, parsed(body), response);
    else await this.unregister(claims, parsed(body), response);
  };

  private async register(claims: GatewayClaims, body: unknown, response: ServerResponse): Promise<void> {
    const { data, error } = subscriptionSchema(this.options.allowPrivate).safeParse(body);
    if (data === undefined) return answerText(response, 400, z.prettifyError(error));
    const { endpoint, keys, device_session_id: deviceSessionId } = data;
    const { userId, tenantId } = claims;
    await this.options.store.register({ userId, tenantId, endpoint, ...keys, deviceSessionId });
    answerJson(response, 201, { endpoint });
  }

  private async unregister(claims: GatewayClaims, body: unknown, response: ServerResponse): Promise<void> {
    const { data, error } = removalSchema.safeParse(body);
    if (data === undefined) return answerText(response, 400, z.prettifyError(error));
    const wasThere = await this.options.store.unregister(claims.userId, data.endpoint);
    if (!wasThere) return answerText(response, 404, 'no such subscription of yours');
    response.writeHead(204).end();
  }

  /** Answers preflights, other methods and pages of origins that are not allowed; false where it has answered. */
  private admits(request: IncomingMessage, response: ServerResponse, methods: string): boolean {
    const { origin } = request.headers;
    const isAllowed = allowsOrigin(this.options.allowedOrigins, origin);
    if (origin !== undefined && isAllowed) {
      response.setHeader('access-control-allow-origin', origin).setHeader('vary', 'Origin');
    }
    if (!isAllowed) answerText(response, 403, 'this origin is not allowed');
    else if (request.method === 'OPTIONS') preflight(response, methods);
    else if (methods.split(', ').includes(request.method ?? '')) return true;
    else {
      response.setHeader('allow', methods);
      answerText(response, 405, 'method not allowed');
    }
    return false;
  }
}

function preflight(response: ServerResponse, methods: string): void {
  response
    .writeHead(204, {
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': PREFLIGHT_S,
    })
    .end();
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // No schema takes undefined: the answer says what was expected.
    return undefined;
  }
}
