import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { eventually } from '@app/common/testing';
import { Administrators } from './administrators';

const KEY = 'NOTIFICATION_ADMIN_EMAILS_SYSTEM_ALERT';

describe('Administrators', () => {
  let folder: string;
  let administrators: Administrators;
  /** As Kubernetes mounts a ConfigMap: the file is a link through `..data`, which is swapped for another folder. */
  const mount = (version: string, text: string) => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'list'), text);
    symlinkSync(version, join(folder, '..data-new'));
    renameSync(join(folder, '..data-new'), join(folder, '..data'));
  };
  const becomes = (what: string, check: () => boolean | Promise<boolean>) => eventually(check, { what });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'odograph-lists-'));
    mount('v1', 'a@example.org');
    symlinkSync(join('..data', 'list'), join(folder, 'list'));
    administrators = new Administrators({
      lists: [{ type: 'system.alert', key: KEY, addresses: ['a@example.org'], file: join(folder, 'list') }],
      checkMs: 5,
      logger: pino({ level: 'silent' }),
    });
    await administrators.start();
  });
  afterEach(async () => {
    await administrators.stop();
    rmSync(folder, { recursive: true });
  });

  it('follow their file over a swapped link', async () => {
    mount('v2', 'b@example.org, c@example.org\n');
    await becomes('the new list', () => administrators.of('system.alert').length === 2);
    expect(administrators.of('system.alert')).toEqual(['b@example.org', 'c@example.org']);
    expect(await administrators.check()).toEqual({ status: 'up', details: { 'system.alert': 2 } });
  });

  it('stay who they were while the file is bad or gone, and say so', async () => {
    mount('v2', 'Ops <b@example.org>');
    await becomes('the complaint', async () => (await administrators.check()).status === 'degraded');
    expect(administrators.of('system.alert')).toEqual(['a@example.org']);
    expect((await administrators.check()).details[`${KEY}_FILE`]).toContain('address 1');
    rmSync(join(folder, '..data'));
    await becomes('the other complaint', async () =>
      String((await administrators.check()).details[`${KEY}_FILE`]).includes('ENOENT'),
    );
    expect(administrators.of('system.alert')).toEqual(['a@example.org']);
    mount('v3', '');
    await becomes('the empty list', () => administrators.of('system.alert').length === 0);
    expect((await administrators.check()).status).toBe('up');
  });

  it('are nobody for a type without a list', () => {
    expect(administrators.of('system.other')).toEqual([]);
  });
});
