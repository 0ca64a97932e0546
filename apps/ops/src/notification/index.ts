export { registerNotification } from './notification.command';
