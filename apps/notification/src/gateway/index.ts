export { gatewaySettings } from './gateway.config';
export { webPushSettings } from './web-push.config';
