import { stopHeldServers } from './held-servers';

/** Jest: stops what global-setup started and removes its folders. */
export default async function globalTeardown(): Promise<void> {
  await stopHeldServers();
}
