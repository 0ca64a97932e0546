export { gatewaySettings } from './gateway.config';
