import { version } from '../../../package.json';

/** The running version, as dead letters carry it: who replays one wants to know which decoder refused it. */
export const APP_VERSION: string = version;
