import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { flagField, nameField, tenantField } from '../cli';

/** A device as an operator gives it; what is left out stays as it is, or is the default where the device is new. */
export const deviceDraft = z.object({
  imei: imeiSchema,
  name: nameField.optional(),
  tenant: tenantField.optional(),
  enabled: flagField.optional(),
});
export type DeviceDraft = z.infer<typeof deviceDraft>;

export const deviceKey = z.object({ imei: imeiSchema });
export type DeviceKey = z.infer<typeof deviceKey>;
