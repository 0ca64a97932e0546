-- Operators ask for a state to be settled again; what it becomes is the processor's to write.
GRANT UPDATE (version, resettling) ON telemetry.device_state TO odograph_ops;
GRANT UPDATE (faulty) ON telemetry.position TO odograph_ops;
GRANT DELETE ON telemetry.rule_checkpoint TO odograph_ops;
