export * from './app-settings';
export * from './fields';
export * from './settings';
