import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fencesAsGeoJson, subscriptionsAsCsv, usersAsCsv, type Scenario } from '../../apps/ops/src/fleet';
import { type Odo } from './odo';

/** Rules judge records from here on: the fleet uploads stretches of yesterday, too. */
const SINCE = '2020-01-01T00:00:00Z';

/** Sets up the scenario as an operator does: files into `folder`, then `odo`. Doing it again changes nothing. */
export async function setUpScenario(scenario: Scenario, folder: string, odo: Odo): Promise<string> {
  const { speedRule, fences, users, subscriptions } = scenario;
  mkdirSync(folder, { recursive: true });
  const fenceFile = join(folder, 'fences.geojson');
  const userFile = join(folder, 'users.csv');
  const subscriptionFile = join(folder, 'subscriptions.csv');
  writeFileSync(fenceFile, fencesAsGeoJson(scenario, SINCE));
  writeFileSync(userFile, usersAsCsv(scenario));
  writeFileSync(subscriptionFile, subscriptionsAsCsv(scenario));
  await odo.run('user', 'import', userFile);
  await odo.run('geofence', 'import', fenceFile);
  await odo.run(
    ...['rule', 'add', speedRule.name, '--kind', 'overspeed', '--limit-kmh', String(speedRule.limitKmh)],
    ...['--tolerance-kmh', String(speedRule.toleranceKmh)],
    ...['--min-duration-s', String(speedRule.minDurationS), '--since', SINCE],
  );
  await odo.run('subscribe', 'import', subscriptionFile);
  return `${fences.length} fences, 1 speed rule, ${users.length} users, ${subscriptions.length} subscriptions`;
}
