export { AppProcess, type AppProcessOptions } from './app-process';
export { differencesOf, type Account, type Difference } from './balance';
export { Odo } from './odo';
export { setUpScenario } from './setup';
export { APPS, roleUrl, Stack, type AppName, type StackOptions } from './stack';
export { type StackAddresses } from './stack-file';
export { Watch, type StrikeOptions, type WatchOptions } from './watch';
