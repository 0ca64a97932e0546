export { registerOutbox } from './outbox.command';
