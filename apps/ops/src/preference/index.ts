export { registerPreference } from './preference.command';
