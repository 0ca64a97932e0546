import { type ClaimedRoute } from '../routes';
import { emailChannel } from './email';
import { pushChannel } from './push';

const route: ClaimedRoute = {
  routeId: 'push:n1:anna',
  notificationId: 'n1',
  tenantId: 'default',
  channel: 'push',
  lane: 'normal',
  recipient: 'anna',
  address: 'anna@example.org',
  locale: 'en',
  timezone: 'UTC',
  units: 'metric',
  collapseKey: undefined,
  foldKey: undefined,
  admittedAtMs: undefined,
  inDoubt: false,
  claimedAtUs: 1_700_000_000_000_000,
  subject: '7',
  attempts: 1,
  maxAttempts: 6,
  notificationType: 'vehicle.geofence.entered',
  idempotencyKey: 'event-1',
  payloadJson: '{"device_name":"Van 1"}',
  requestId: undefined,
  traceId: undefined,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  occurredAtMs: 1_700_000_000_000,
  expiresAtMs: 1_700_003_600_000,
  acceptedAtMs: 1_700_000_000_500,
};

describe('channels', () => {
  it('write a push as the gateway reads it', () => {
    expect(pushChannel.encode(route, 0)).toEqual({
      v: '1',
      traceparent: route.traceparent,
      event_id: 'push:n1:anna',
      user_id: 'anna',
      kind: 'vehicle.geofence.entered',
      payload_json: '{"device_name":"Van 1"}',
      request_id: 'event-1',
      trace_id: '',
      occurred_at_ms: '1700000000000',
      expires_at_ms: '1700003600000',
    });
  });

  it('write a lead with what is folded into it', () => {
    const fold = { collapsedCount: 2, items: [{ device_name: 'Van 1' }, { device_name: 'Van 2' }] };
    expect(JSON.parse(String(pushChannel.encode(route, 0, fold)['payload_json']))).toEqual({
      device_name: 'Van 1',
      collapsed_count: 2,
      items: fold.items,
    });
  });

  it('write a mail as a template command', () => {
    const fields = emailChannel.encode({ ...route, routeId: 'email:n1:anna' }, 1_700_000_001_000);
    expect(fields).toMatchObject({
      delivery_id: 'email:n1:anna',
      source: 'notification',
      payload_mode: 'template',
      idempotency_key: 'notification:email:n1:anna',
      requested_at_ms: '1700000001000',
    });
    expect(JSON.parse(String(fields['payload_json']))).toEqual({
      to: ['anna@example.org'],
      template_id: 'vehicle.geofence.entered',
      locale: 'en',
      variables: { device_name: 'Van 1' },
    });
  });

  it('refuse a mail without an address', () => {
    expect(() => emailChannel.encode({ ...route, address: undefined }, 0)).toThrow('no mail address');
  });
});
