GRANT SELECT, INSERT, UPDATE ON ops.command TO odograph_ops;
