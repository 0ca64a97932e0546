import { mailCommandFieldsSchema, templateMailSchema } from '@app/common/contracts';
import { type Fields } from '@app/common/streams';
import { TEMPLATES } from '@app/common/templates';
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
    const items = ['Van 1', 'Van 2'].map((name, occurredAtMs) => ({
      occurredAtMs,
      payload: { device_name: name },
    }));
    const fields = pushChannel.encode(route, 0, { collapsedCount: 2, items });
    expect(JSON.parse(String(fields['payload_json']))).toEqual({
      device_name: 'Van 1',
      collapsed_count: 2,
      items: [
        { device_name: 'Van 1', occurred_at_ms: 0 },
        { device_name: 'Van 2', occurred_at_ms: 1 },
      ],
    });
  });

  const ENTERED = TEMPLATES.definition('vehicle.geofence.entered').sample;
  const mail: ClaimedRoute = {
    ...{ ...route, routeId: 'email:n1:anna', channel: 'email', payloadJson: JSON.stringify(ENTERED) },
    ...{ locale: 'de-AT', timezone: 'Europe/Vienna', units: 'imperial' },
  };
  const payloadOf = (fields: Fields) => templateMailSchema.parse(JSON.parse(String(fields['payload_json'])));

  it('write a mail as a template command, in the terms of its user', () => {
    const fields = emailChannel.encode(mail, 1_700_000_001_000);
    expect(mailCommandFieldsSchema.parse(fields)).toMatchObject({
      delivery_id: 'email:n1:anna',
      source: 'notification',
      payload_mode: 'template',
      idempotency_key: 'notification:email:n1:anna',
      requested_at_ms: '1700000001000',
      expires_at_ms: '1700003600000',
    });
    expect(payloadOf(fields)).toMatchObject({
      to: ['anna@example.org'],
      template_id: 'vehicle.geofence.entered',
      locale: 'de',
      recipient: { user_id: 'anna', tenant_id: 'default' },
      variables: {
        ...ENTERED,
        occurred_at_ms: 1_700_000_000_000,
        formatted: {
          speed: '19 mi/h',
          place: '54.68716, 25.27972',
        },
      },
    });
    expect(JSON.stringify(payloadOf(fields).variables)).toMatch(/"time":"14\. November 2023.*23:13:20/);
  });

  it('write several that are told as one, and leave their expiry to who folded them', () => {
    const items = ['Van 1', 'Van 2'].map((name, n) => ({
      occurredAtMs: route.occurredAtMs + n,
      payload: { ...ENTERED, device_name: name },
    }));
    const fields = emailChannel.encode(mail, 0, { collapsedCount: 7, items });
    expect(fields).not.toHaveProperty('expires_at_ms');
    expect(payloadOf(fields).variables).toMatchObject({
      collapsed_count: 7,
      items: [{ device_name: 'Van 1' }, { device_name: 'Van 2', occurred_at_ms: 1_700_000_000_001 }],
    });
    const alone = emailChannel.encode(mail, 0, { collapsedCount: 1, items: items.slice(0, 1) });
    expect(payloadOf(alone).variables).not.toHaveProperty('collapsed_count');
  });

  it('write a mail that was held back past its expiry as one without', () => {
    expect(emailChannel.encode(mail, 1_700_003_600_000)).not.toHaveProperty('expires_at_ms');
    const { expires_at_ms: expires } = emailChannel.encode({ ...mail, expiresAtMs: undefined }, 0);
    expect(expires).toBe(String(route.occurredAtMs + 3_600_000));
  });

  it('name no user in a mail to administrators', () => {
    const sample = TEMPLATES.definition('system.alert').sample;
    const fields = emailChannel.encode(
      { ...mail, notificationType: 'system.alert', payloadJson: JSON.stringify(sample) },
      0,
    );
    expect(payloadOf(fields)).not.toHaveProperty('recipient');
  });

  it('refuse a mail whose payload does not give what its template needs', () => {
    const poor = JSON.stringify({ ...ENTERED, device_name: undefined });
    expect(() => emailChannel.encode({ ...mail, payloadJson: poor }, 0)).toThrow(/device_name/);
  });

  it('refuse a mail without an address', () => {
    expect(() => emailChannel.encode({ ...route, address: undefined }, 0)).toThrow('no mail address');
  });
});
