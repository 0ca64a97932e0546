/** Exit statuses of `odo`: what was given is wrong (arguments or a file), or it was right and did not work. */
export const USAGE_STATUS = 2;
export const FAILURE_STATUS = 1;
