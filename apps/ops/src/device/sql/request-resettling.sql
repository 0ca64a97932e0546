SELECT telemetry.request_resettling($1, NULL, NULL) AS requested
