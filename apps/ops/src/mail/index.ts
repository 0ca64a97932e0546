export { registerMail } from './mail.command';
