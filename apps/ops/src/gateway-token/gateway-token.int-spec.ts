import { readGatewayToken } from '@app/common/contracts';
import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
const SECRET = 'a secret of specs that is long enough';
const SETTING = 'NOTIFICATION_GATEWAY_TOKEN_SECRET';

beforeAll(() => odo.done('user', 'add', 'ann', '--email', 'ann@example.com', '--tenant', 'acme'));

describe('odo user token', () => {
  it('issues what the gateway takes, for a user who is there, and leaves it in the audit alone', async () => {
    odo.environment = { [SETTING]: SECRET };
    const token = (await odo.done('user', 'token', 'ann', '--ttl', '10m')).trim();
    const claims = readGatewayToken(SECRET, token);
    expect(claims).toMatchObject({ userId: 'ann', tenantId: 'acme' });
    expect((claims?.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(590_000);
    expect((claims?.expiresAtMs ?? 0) - Date.now()).toBeLessThanOrEqual(601_000);
    expect(readGatewayToken('another secret', token)).toBeUndefined();
    const audited = await odo.auditOf('ann');
    expect(audited.map(({ action }) => action)).toEqual(['user.add', 'user.token']);
    expect(JSON.stringify(audited)).not.toContain(token.split('.')[2]);
  });

  it('is for users who are there, for a time that ends, and with the secret of the gateway', async () => {
    odo.environment = { [SETTING]: SECRET };
    expect((await odo.run('user', 'token', 'bob')).err).toContain('no user bob');
    expect((await odo.run('user', 'token', 'ann', '--ttl', '400d')).err).toContain('--ttl');
    odo.environment = {};
    expect((await odo.run('user', 'token', 'ann')).err).toContain(`${SETTING} is not set`);
  });

  it('has VAPID keys made by odo gateway vapid', async () => {
    const { public_key: publicKey, private_key: privateKey } = await odo.one('gateway', 'vapid');
    expect(Buffer.from(String(publicKey), 'base64url')).toHaveLength(65);
    expect(Buffer.from(String(privateKey), 'base64url')).toHaveLength(32);
  });
});
