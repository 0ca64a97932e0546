export { DeviceRegistry, REGISTRY_LEASE } from './device-registry';
