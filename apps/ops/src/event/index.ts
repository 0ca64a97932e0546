export { registerEvent } from './event.command';
