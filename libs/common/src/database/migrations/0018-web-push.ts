import { type MigrationInterface, type QueryRunner } from 'typeorm';
import pushSubscription from './0018-web-push/01-push-subscription.sql';
import pushDelivery from './0018-web-push/02-push-delivery.sql';
import grants from './0018-web-push/03-grants.sql';
import drop from './0018-web-push.down.sql';

/** Web Push: who gets it where, and what is still to be tried. */
export class WebPush1790000000018 implements MigrationInterface {
  readonly name = 'WebPush1790000000018';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [pushSubscription, pushDelivery, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
